"""Reports what is missing in the packages of a release.

Usage: check_packages.py FOLDER REPOSITORY.
"""

from __future__ import annotations

import email.parser
import io
import json
import re
import sys
import tarfile
import zipfile
from pathlib import Path

LICENCES = ("LICENSE-MIT", "LICENSE-APACHE")
NOTICES = "THIRD-PARTY-NOTICES.txt"
AUTHOR = "The Viseme contributors"


def main(out: Path, root: Path) -> int:
    """Checks all packages of the folder; returns the number of faults."""
    manifest = (root / "Cargo.toml").read_text(encoding="utf-8")
    version = re.search(r'(?m)^version = "(.+?)"', manifest).group(1)
    repository = re.search(r'(?m)^repository = "(.+?)"', manifest).group(1)
    faults: list[str] = []
    checked = 0
    for file in sorted(out.rglob("*")):
        name = file.name
        if name.endswith(".whl"):
            found = wheel(file, version, repository)
        elif name.endswith(".tar.gz") and file.parent.name == "python":
            found = sdist(file, version, repository)
        elif name.endswith(".tgz"):
            found = npm(file, version, repository)
        elif name.endswith(".crate"):
            found = contains(tar_names(file), (*LICENCES, "README.md", "Cargo.toml"))
        elif name.endswith(".jar"):
            with zipfile.ZipFile(file) as archive:
                wanted = ("LICENSE-MIT", "LICENSE-APACHE", NOTICES)
                found = contains(archive.namelist(), [f"META-INF/{it}" for it in wanted])
        else:
            continue
        checked += 1
        faults += [f"{name}: {fault}" for fault in found]
    for fault in faults:
        print(f"  {fault}")
    print(f"release: {checked} packages checked, {len(faults)} faults")
    return len(faults)


def contains(names: list[str], wanted: tuple[str, ...] | list[str]) -> list[str]:
    """Names the files that are not at the end of any path."""
    return [
        f"no {it}" for it in wanted if not any(("/" + name).endswith("/" + it) for name in names)
    ]


def tar_names(file: Path) -> list[str]:
    """Lists the files of an archive."""
    with tarfile.open(file) as archive:
        return archive.getnames()


def wheel(file: Path, version: str, repository: str) -> list[str]:
    """Checks a wheel."""
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        text = archive.read(metadata).decode()
    native = not file.name.endswith("-any.whl")
    return contains(names, (*LICENCES, *([NOTICES] if native else []))) + core_metadata(
        text, version, repository
    )


def sdist(file: Path, version: str, repository: str) -> list[str]:
    """Checks a source distribution."""
    with tarfile.open(file) as archive:
        names = archive.getnames()
        info = min((name for name in names if name.endswith("/PKG-INFO")), key=len)
        text = io.TextIOWrapper(archive.extractfile(info), "utf-8").read()
    return contains(names, LICENCES) + core_metadata(text, version, repository)


def core_metadata(text: str, version: str, repository: str) -> list[str]:
    """Checks the fields that PyPI shows."""
    fields = email.parser.HeaderParser().parsestr(text)
    faults = [
        f"no {key}"
        for key in ("Summary", "Keywords", "Requires-Python", "License-Expression")
        if not fields[key]
    ]
    if fields["Version"] != version:
        faults.append(f"version {fields['Version']}")
    if AUTHOR not in (fields["Author"] or ""):
        faults.append(f"author {fields['Author']}")
    if not fields.get_payload().strip():
        faults.append("no description")
    urls = dict(url.split(", ", 1) for url in fields.get_all("Project-URL", []))
    for key in ("Homepage", "Documentation", "Repository", "Issues", "Changelog"):
        if not urls.get(key, "").startswith(repository):
            faults.append(f"no URL {key}")
    classifiers = fields.get_all("Classifier", [])
    for start in ("Development Status", "Intended Audience", "Operating System", "Topic", "Typing"):
        if not any(it.startswith(start + " :: ") for it in classifiers):
            faults.append(f"no classifier {start}")
    for minor in range(10, 15):
        if f"Programming Language :: Python :: 3.{minor}" not in classifiers:
            faults.append(f"no classifier of Python 3.{minor}")
    licences = fields.get_all("License-File", [])
    return faults + [f"no License-File {it}" for it in LICENCES if it not in licences]


def npm(file: Path, version: str, repository: str) -> list[str]:
    """Checks an npm package."""
    with tarfile.open(file) as archive:
        names = archive.getnames()
        manifest = json.load(archive.extractfile("package/package.json"))
    native = "os" in manifest
    faults = contains(names, (*LICENCES, "README.md", *([NOTICES] if native else [])))
    keys = (
        "name",
        "description",
        "license",
        "engines",
        "homepage",
        "repository",
        "bugs",
        "keywords",
    )
    faults += [f"no {key}" for key in keys if not manifest.get(key)]
    if manifest.get("author") != AUTHOR:
        faults.append(f"author {manifest.get('author')}")
    if manifest.get("version") != version:
        faults.append(f"version {manifest.get('version')}")
    url = manifest.get("repository", {}).get("url")
    if url != f"git+{repository}.git":
        faults.append(f"repository {url}")
    if native:
        files = [
            name for name in names if name.endswith((".node", "viseme-mock", "viseme-mock.exe"))
        ]
        if len(files) != 1:
            faults.append(f"{len(files)} native files")
    return faults


if __name__ == "__main__":
    sys.exit(min(main(Path(sys.argv[1]), Path(sys.argv[2])), 1))
