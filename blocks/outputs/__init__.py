"""What the network gives back."""
