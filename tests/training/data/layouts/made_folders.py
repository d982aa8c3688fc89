"""Makes a folder in each layout. No test by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def touch(folder: Path, *names: str) -> Path:
    """Empty files: layouts open no audio."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def write_lines(folder: Path, name: str, *lines: str) -> Path:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / name


def class_folders(folder: Path) -> Path:
    return touch(folder, *(f"{word}/{i}.wav" for word in ("dog", "rain") for i in range(10)), "rain/notes.txt")


def manifest_csv(folder: Path) -> Path:
    touch(folder, "audio/a.wav", "audio/b.wav", "audio/c.wav")
    rows = ["audio/a.wav,rain,1,g1,CC0", "audio/b.wav,dog;rain,2,g2,CC0", "audio/c.wav,,1,g3,CC BY"]
    write_lines(folder, "manifest.csv", "path,label,fold_or_split,group,licence", *rows)
    return folder


def any_csv(folder: Path) -> Path:
    touch(folder, *(f"sounds/{i}.wav" for i in range(10)))
    rows = [f'sounds/{i}.wav,"dog,rain",{"kitchen" if i < 5 else i}' for i in range(10)]
    return write_lines(folder, "list.csv", "file,labels,source", *rows)


def esc50(folder: Path) -> Path:
    touch(folder, "audio/1-1-A-0.wav", "audio/2-7-A-1.wav")
    rows = ["1-1-A-0.wav,1,0,dog,True,1,A", "2-7-A-1.wav,2,1,rain,True,7,A"]
    write_lines(folder, "meta/esc50.csv", "filename,fold,target,category,esc10,src_file,take", *rows)
    return folder


def speech_commands(folder: Path) -> Path:
    touch(folder, *(f"{word}/{who}_nohash_0.wav" for word in ("bed", "yes") for who in ("00aa", "11bb", "22cc")))
    touch(folder, "_background_noise_/pink_noise.wav")
    write_lines(folder, "validation_list.txt", "bed/11bb_nohash_0.wav", "yes/11bb_nohash_0.wav")
    write_lines(folder, "testing_list.txt", "bed/22cc_nohash_0.wav", "yes/22cc_nohash_0.wav")
    return folder


AUDIOSET_LABELS = (
    "index,mid,display_name",
    '0,/m/09x0r,"Speech"',
    '1,/m/0ytgt,"Child speech, kid speaking"',
    "2,/m/x,Zing",
)


def audioset(folder: Path) -> Path:
    write_lines(folder, "class_labels_indices.csv", *AUDIOSET_LABELS)
    head = ("# Segments csv created Sun Mar  5 10:54:31 2017", "# num_ytids=3", "# YTID, start_seconds, end_seconds, x")
    lines = ['--aaaaaaaaa, 30.000, 40.000, "/m/09x0r,/m/0ytgt"', 'Ybbbbbbbbbb, 5.000, 15.000, "/m/09x0r"']
    write_lines(folder, "balanced_train_segments.csv", *head, *lines, 'ccccccccccc, 0.000, 10.000, "/m/09x0r"')
    write_lines(folder, "eval_segments.csv", *head, 'dddddddd_dd, 0.000, 10.000, "/m/x"')
    touch(folder, "audio/--aaaaaaaaa_30.000_40.000.wav", "balanced_train/Ybbbbbbbbbb.flac", "eval/Ydddddddd_dd_0.wav")
    return folder


def label_files(folder: Path) -> Path:
    touch(folder, *(f"{i}.wav" for i in range(10)))
    for i in range(9):
        write_lines(folder, f"{i}.txt", "0.5\t1.5\tdog", "1.0\t4.0\train")
    header = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tAnnotation"
    write_lines(folder, "9.Table.1.selections.txt", header, "1\tSpectrogram 1\t1\t0.5\t1.5\t0\t8000\tdog")
    return folder


MAKERS: dict[str, Callable[[Path], Path]] = {
    "class folders": class_folders,
    "manifest.csv": manifest_csv,
    "CSV list": any_csv,
    "ESC-50": esc50,
    "Speech Commands": speech_commands,
    "AudioSet": audioset,
    "label files": label_files,
}
