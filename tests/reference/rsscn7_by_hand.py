"""What a person would write to train ResNet-18 on RSSCN7: torch and torchvision alone, nothing of the harness.

`python tests/reference/rsscn7_by_hand.py RSSCN7 train.txt test.txt --seed 0` prints the mean class accuracy; the lists
hold one image a line, relative to the folder. `harness_and_hand.py` beside it compares the harness with this script.
"""

import argparse
import random
from pathlib import Path

import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision.models import resnet18
from torchvision.transforms import v2


class Scenes(Dataset):
    def __init__(self, root, names, size, train):
        self.files = [root / name for name in names]
        self.classes = sorted({path.parent.name for path in self.files})
        resize = v2.Resize((size, size), antialias=True)
        self.images = [resize(Image.open(path).convert("RGB")) for path in self.files]
        moves = [v2.RandomHorizontalFlip(), v2.RandomVerticalFlip(), v2.Lambda(self.quarter_turn)] if train else []
        normalise = [
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
        self.transform = v2.Compose([*moves, *normalise])

    @staticmethod
    def quarter_turn(image):
        return image.rotate(90 * random.randrange(4))

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        return self.transform(self.images[index]), self.classes.index(self.files[index].parent.name)


def train(root, train_names, test_names, size=64, steps=250, batch=32, lr=0.02, seed=0, bf16=False):
    """Train from scratch and return the mean over classes of the test accuracy."""
    random.seed(seed)
    torch.manual_seed(seed)
    model = resnet18(num_classes=7)
    optimiser = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    loader = DataLoader(Scenes(root, train_names, size, train=True), batch_size=batch, shuffle=True)
    model.train()
    step = 0
    while step < steps:
        for images, labels in loader:
            optimiser.zero_grad()
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
                loss = nn.functional.cross_entropy(model(images), labels)
            loss.backward()
            optimiser.step()
            schedule.step()
            step += 1
            if step == steps:
                break
    model.eval()
    right, there = torch.zeros(7), torch.zeros(7)
    with torch.no_grad():
        for images, labels in DataLoader(Scenes(root, test_names, size, train=False), batch_size=100):
            hits = model(images).argmax(1) == labels
            right += torch.bincount(labels[hits], minlength=7)
            there += torch.bincount(labels, minlength=7)
    return float((right / there).mean())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--steps", type=int, default=250)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    lists = [path.read_text().split() for path in (options.train, options.test)]
    print(train(options.root, *lists, steps=options.steps, seed=options.seed))
