return Dunlin.Cli.DunlinCommand.Run(args, Dunlin.Cli.CliHost.OfProcess());
