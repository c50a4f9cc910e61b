"""What functions know of AWS is botocore's, and holds every operation that they call."""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import Session, get_session
from pynamodb import constants
from tests.local_stack.lambda_runtime.process.models import read_models_in
from tests.sam.aws_models import BOTOCORES, OPERATIONS, cut, main
from tests.support.template import ROOT

CODE = [*(ROOT / "layers" / "shared").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
# A method of some client's, or its name where an address is signed.
CALLED = re.compile(r"""[."'](\w+)""")


@pytest.fixture(scope="module")
def needed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that functions read."""
    folder = tmp_path_factory.mktemp("aws-models")
    cut(BOTOCORES, folder)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*.*")}


def test_a_built_layer_keeps_what_is_needed_however_often_it_is_built(
    needed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = [tmp_path / name / "python" for name in ("SharedLayer", "DependenciesLayer")]
    for layer in layers:
        layer.mkdir(parents=True)
    built = layers[1] / "botocore" / "data"
    cut(BOTOCORES, built)
    other = built / "ec2" / "2016-11-15" / "service-2.json"
    other.parent.mkdir(parents=True)
    other.write_text("{}")
    monkeypatch.setattr(sys, "argv", ["aws_models", str(tmp_path)])

    main()

    assert contents(built) == contents(needed)


def test_what_is_no_build_is_not_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["aws_models", str(tmp_path)])

    with pytest.raises(SystemExit, match="no layer with botocore"):
        main()


def test_every_operation_that_is_called_is_known_and_no_other() -> None:
    others = OPERATIONS.keys() - {"dynamodb"}  # which PynamoDB calls
    known = {
        xform_name(name)
        for service in others
        for name in Loader().load_service_model(service, "service-2")["operations"]
    }
    called = {name for path in CODE for name in CALLED.findall(path.read_text("utf-8"))}

    kept = {xform_name(name) for service in others for name in OPERATIONS[service]}
    assert called & known == kept


def test_every_operation_on_items_that_pynamodb_knows_is_known() -> None:
    known = set(Loader().load_service_model("dynamodb", "service-2")["operations"])
    named = known & {value for value in vars(constants).values() if isinstance(value, str)}

    on_tables = {name for name in named if re.search(r"Table|TimeToLive", name)}
    assert named - on_tables == set(OPERATIONS["dynamodb"])


@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1", "us-gov-west-1", "cn-north-1"])
@pytest.mark.parametrize("service", OPERATIONS)
def test_clients_are_those_of_the_whole_botocore(
    service: str, region: str, needed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = client(service, region, loader_of(BOTOCORES))
    monkeypatch.setattr(Loader, "BUILTIN_DATA_PATH", "")  # put back at the end
    read_models_in(str(needed))

    ours = client(service, region, loader_of(needed))

    for of in ("endpoint_url", "partition", "region_name"):
        assert getattr(ours.meta, of) == getattr(whole.meta, of)
    assert address_of(ours, OPERATIONS[service][-1]) == address_of(whole, OPERATIONS[service][-1])
    assert set(ours.meta.service_model.operation_names) == set(OPERATIONS[service])


@cache
def loader_of(folder: Path) -> Loader:
    """Of the folder that loaders read now: what it has read once it knows."""
    loader = Loader()
    assert str(folder) in loader.search_paths
    return loader


def client(service: str, region: str, loader: Loader) -> Any:
    session: Session = get_session()
    session.set_credentials("testing", "testing")
    session.register_component("data_loader", loader)
    return session.create_client(service, region, config=Config(parameter_validation=False))


def address_of(client: Any, operation: str) -> tuple[str, str]:
    """Host and path, by the rules of the service's addresses."""
    members = client.meta.service_model.operation_model(operation).input_shape.members
    places = [name for name in members if members[name].serialization.get("location") == "uri"]
    url = client.generate_presigned_url(xform_name(operation), dict.fromkeys(places, "abc"))
    address = urlsplit(url)
    return address.netloc, address.path
