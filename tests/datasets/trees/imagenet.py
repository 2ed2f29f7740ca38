from pathlib import Path

from tests.datasets.pictures import photo, save

SYNSETS = ("n01440764", "n01443537", "n02127052")
NAMES = ("tench, Tinca tinca", "goldfish, Carassius auratus", "lynx, catamount")


def make(root: Path) -> Path:
    for place, synset in enumerate(SYNSETS):
        for number in range(2):
            save(root / "train" / synset / f"{synset}_{number}.JPEG", photo(10 * place + number, (9, 11 + number)))
        save(root / "val" / f"ILSVRC2012_val_0000000{place + 1}.JPEG", photo(50 + place, (12, 9)))
    (root / "imagenet_2012_validation_synset_labels.txt").write_text("\n".join(SYNSETS[::-1]) + "\n")
    lines = (f"{synset} {names}\n" for synset, names in zip(SYNSETS, NAMES, strict=True))
    (root / "LOC_synset_mapping.txt").write_text("".join(lines))
    return root
