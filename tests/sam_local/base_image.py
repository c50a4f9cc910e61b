"""The image that `sam local` runs functions in: AWS's where a registry answers, else a likeness.

The likeness has the folders, variables and the bootstrap of AWS's image, and runs AWS's own
`awslambdaric` with this machine's Python and C library under the emulator that the SAM CLI
brings. It is not AWS's image: another Linux, no boto3, and nothing but what the SAM CLI and the
runtime need.
"""

import io
import platform
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tests.local_stack.options import ROOT
from tests.sam_local.engine_api import EngineApi, EngineError

PYTHON = "3.13"
# A name of our own, so that nobody takes it for AWS's.
LIKENESS = f"afterimage-likeness-of-lambda-python:{PYTHON}"
_RUNTIME = ROOT / "tests/sam_local/requirements.txt"
# For the lines that the SAM CLI adds to an image, and for who looks inside.
_COMMANDS = ("sh", "cat", "chmod", "cp", "env", "ls", "mkdir", "mv", "rm")
_LEFT_OUT = re.compile(
    r"/(test|tests|idlelib|tkinter|turtledemo|ensurepip|lib2to3|site-packages|dist-packages"
    r"|config-[^/]*)(/|$)|\.a$"
)
# What any manylinux wheel may expect of a system (PEP 600), beside what programs here need.
_EXPECTED = (
    "libdl",
    "libm",
    "libpthread",
    "libresolv",
    "librt",
    "libutil",
    "libgcc_s",
    "libstdc++",
)
_LIBRARY = re.compile(r"(/\S+) \(0x[0-9a-f]+\)$")
_VARIABLES = {
    "LANG": "en_US.UTF-8",
    "TZ": ":UTC",
    "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
    "LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task"
    ":/var/task/lib:/opt/lib",
    "LAMBDA_TASK_ROOT": "/var/task",
    "LAMBDA_RUNTIME_DIR": "/var/runtime",
}
_BOOTSTRAP = f"""#!/bin/sh
export AWS_EXECUTION_ENV=AWS_Lambda_python{PYTHON}
export PYTHONPATH=/opt/python:/opt/python/lib/python{PYTHON}/site-packages:/var/runtime
exec /var/lang/bin/python{PYTHON} -m awslambdaric "${{_HANDLER:-$1}}"
"""
_TEXTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
    "etc/host.conf": "multi on\n",
}
_IN_USR = ("bin", "sbin", "lib", "lib64")
_FOLDERS = (
    *("tmp", "opt", "proc", "sys", "dev", "run", "root", "var/task", "var/rapid", "var/tmp"),
    *(f"usr/{name}" for name in _IN_USR),
)
_SECONDS = 60


@dataclass(frozen=True)
class HostPython:
    """This machine's Python that functions run on.

    Attributes:
        program: its binary.
        library: folder of its standard library.
        shared: its shared library, if it has one.
    """

    program: Path
    library: Path
    shared: Path | None


def architecture() -> str:
    """This machine's processor, as the template's parameter names it."""
    machine = platform.machine().lower()
    return "arm64" if machine in ("aarch64", "arm64") else "x86_64"


def prepare(api: EngineApi, folder: Path) -> str | None:
    """Sees that there is an image; the name of the likeness, None if AWS's own is there.

    Raises:
        EngineError, CalledProcessError: there is none and none can be made.
    """
    aws = f"public.ecr.aws/lambda/python:{PYTHON}-{architecture()}"
    if api.has_image(aws):
        return None
    try:
        api.pull(aws)
    except EngineError:
        print(f"· making a likeness of {aws}, which no registry here has", flush=True)
        make_likeness(api, folder)
        return LIKENESS
    return None


def make_likeness(api: EngineApi, folder: Path) -> None:
    """Imports the likeness."""
    folder.mkdir(parents=True)
    _install_runtime(folder / "runtime")
    root = folder / "root.tar"
    with tarfile.open(root, "w") as image:
        _fill(image, host_python(), folder / "runtime")
    changes = [f"ENV {name}={value}" for name, value in _VARIABLES.items()]
    api.import_image(LIKENESS, root, [*changes, "WORKDIR /var/task"])
    shutil.rmtree(folder)


def host_python() -> HostPython:
    """Raises: CalledProcessError, FileNotFoundError (there is no such Python)."""
    asked = (
        "import os, sys, sysconfig as s; print(os.path.realpath(sys.executable)); "
        "print(s.get_path('stdlib')); "
        "print(os.path.join(s.get_config_var('LIBDIR'), s.get_config_var('INSTSONAME')))"
    )
    program, library, shared = _said([f"python{PYTHON}", "-I", "-c", asked]).splitlines()
    found = Path(shared) if ".so" in shared and Path(shared).exists() else None
    return HostPython(Path(program), Path(library), found)


def libraries_in(ldd: str) -> set[str]:
    """Paths of the shared libraries that `ldd` names."""
    lines = (line.strip() for line in ldd.splitlines())
    return {match[1] for line in lines if (match := _LIBRARY.search(line))}


def place_of(path: str) -> str:
    """Where a file of this machine lies in the image, whose /bin and /lib are in /usr."""
    return re.sub(r"^/(bin|sbin|lib|lib64)/", r"/usr/\1/", path).lstrip("/")


def _install_runtime(target: Path) -> None:
    command = [str(ROOT / ".venv/bin/uv"), "pip", "install", "--quiet", "--require-hashes"]
    command += ["--python", f"python{PYTHON}", "--target", str(target), "-r", str(_RUNTIME)]
    _said(command)


def _fill(image: tarfile.TarFile, python: HostPython, runtime: Path) -> None:
    _add_folders(image, _FOLDERS)
    for name in _IN_USR:
        _add_link(image, name, f"usr/{name}")
    for name, text in {**_TEXTS, "var/runtime/bootstrap": _BOOTSTRAP}.items():
        _add_text(image, name, text, 0o755 if name.endswith("bootstrap") else 0o644)
    certificates = Path("/etc/ssl/certs/ca-certificates.crt")
    if certificates.exists():
        _add_file(image, certificates, str(certificates).lstrip("/"))
    commands = {name: Path(shutil.which(name) or f"/bin/{name}").resolve() for name in _COMMANDS}
    for name, program in commands.items():
        _add_file(image, program, f"usr/bin/{name}")
    _add_file(image, python.program, f"var/lang/bin/python{PYTHON}")
    image.add(python.library, f"var/lang/lib/python{PYTHON}", filter=_wanted)
    if python.shared is not None:
        _add_file(image, python.shared, f"var/lang/lib/{python.shared.name}")
    image.add(runtime, "var/runtime", filter=_wanted)
    native = [*python.library.rglob("*.so"), *runtime.rglob("*.so*")]
    for library in sorted(_libraries([*commands.values(), python.program, *native])):
        _add_file(image, Path(library), place_of(library))


def _libraries(programs: Iterable[Path]) -> set[str]:
    found = libraries_in(_said(["ldd", *map(str, programs)], any_status=True))
    [c_library] = (Path(library) for library in found if Path(library).name.startswith("libc.so."))
    expected = (c_library.parent.glob(f"{name}.so.?") for name in _EXPECTED)
    return found | {str(library) for libraries in expected for library in libraries}


def _wanted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if _LEFT_OUT.search(str(PurePosixPath(member.name))):
        return None
    return _of_root(member)


def _of_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


def _add_folders(image: tarfile.TarFile, names: Iterable[str]) -> None:
    """Each once, with those it lies in: an engine takes no path twice."""
    parents = {str(parent) for name in names for parent in PurePosixPath(name).parents}
    for name in sorted({*names, *parents} - {"."}):
        member = tarfile.TarInfo(name)
        member.type = tarfile.DIRTYPE
        member.mode = 0o1777 if name.endswith("tmp") else 0o755
        image.addfile(member)


def _add_link(image: tarfile.TarFile, name: str, target: str) -> None:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    image.addfile(member)


def _add_text(image: tarfile.TarFile, name: str, text: str, mode: int) -> None:
    member = tarfile.TarInfo(name)
    content = text.encode()
    member.size, member.mode = len(content), mode
    image.addfile(member, io.BytesIO(content))


def _add_file(image: tarfile.TarFile, source: Path, name: str) -> None:
    """The file itself, also where `source` is a link to it."""
    image.add(source.resolve(), name, recursive=False, filter=_of_root)


def _said(command: list[str], *, any_status: bool = False) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=_SECONDS, check=not any_status
    )
    return done.stdout
