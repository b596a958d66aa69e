from services.contract_archive.service import build
from services.contract_archive.settings import Settings
from shared.runtime.app import run
from shared.settings import load


def main() -> None:
    settings = load(Settings)
    run(build(settings), settings)


if __name__ == "__main__":
    main()
