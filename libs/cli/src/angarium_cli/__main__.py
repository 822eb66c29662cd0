from angarium_cli.main import main

main()
