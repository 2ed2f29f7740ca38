"""From the image numbers to what a backbone was trained on; inside the graph."""
