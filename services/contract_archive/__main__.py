from services.contract_archive.service import build
from services.contract_archive.settings import Settings
from shared.runtime.app import run


def main() -> None:
    settings = Settings()
    run(build(settings), settings)


if __name__ == "__main__":
    main()
