"""The machine is read from the system's files; its fingerprint is stable and of the hardware alone."""

from pathlib import Path

from archspec.devices import Machine, read_machine

X86 = """\
processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 106
model name\t: Intel(R) Xeon(R) CPU @ 2.80GHz
stepping\t: 6
cpu MHz\t\t: 2800.198
flags\t\t: fpu avx2 avx512f
bogomips\t: 5600.39
"""

PHONE = """\
processor\t: 0
CPU implementer\t: 0x41
CPU part\t: 0xd05
Features\t: fp asimd

processor\t: 1
CPU implementer\t: 0x41
CPU part\t: 0xd0d
Features\t: fp asimd
Hardware\t: Qualcomm SM8350
"""


def tree(root: Path, cpuinfo: str, governor: str = "", board: str = "") -> Path:
    for path, text in {
        "proc/cpuinfo": cpuinfo,
        "proc/device-tree/model": board,
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": governor,
    }.items():
        if text:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
    return root


def machine(folder: Path, cpuinfo: str, **more: str) -> Machine:
    return read_machine(tree(folder, cpuinfo, **more))


def test_x86(tmp_path: Path) -> None:
    found = machine(tmp_path, X86, governor="performance\n")
    assert found.cpu == "Intel(R) Xeon(R) CPU @ 2.80GHz"
    assert found.governor == "performance"
    assert len(found.fingerprint) == 16


def test_a_board_says_its_model(tmp_path: Path) -> None:
    assert machine(tmp_path, PHONE, board="Raspberry Pi 5 Model B\0").cpu == "Raspberry Pi 5 Model B"


def test_nothing_readable_is_not_known(tmp_path: Path) -> None:
    found = machine(tmp_path, "")
    assert found.governor is None
    assert found.fingerprint
    assert found.cpu


def test_the_fingerprint_is_of_the_hardware(tmp_path: Path) -> None:
    first = machine(tmp_path / "a", X86).fingerprint
    restarted = X86.replace("2800.198", "1200.000").replace("5600.39", "5599.10").replace("fpu avx2", "avx2 fpu")
    assert machine(tmp_path / "b", restarted, governor="powersave").fingerprint == first
    changed = {
        "family": X86.replace("family\t: 6", "family\t: 7"),
        "features": X86.replace(" avx512f", ""),
        "stepping": X86.replace("stepping\t: 6", "stepping\t: 7"),
        "phone": PHONE,
        "phone with another core": PHONE.replace("0xd0d", "0xd41"),
    }
    prints = {machine(tmp_path / name, text).fingerprint for name, text in changed.items()}
    assert len(prints | {first}) == 6


def test_this_machine() -> None:
    found = read_machine()
    assert found == read_machine() or found.load_average != read_machine().load_average
    assert found.fingerprint == read_machine().fingerprint
    assert 1 <= found.usable_cpus <= found.cpus
