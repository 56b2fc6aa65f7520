using DomainGuard.Benchmarks;

return args.FirstOrDefault() switch
{
    "scan" => await ScanBenchmark.RunAsync(args),
    "scan-upstream" => await ScanBenchmark.ServeAsync(args),
    "import" => await ImportBenchmark.RunAsync(args),
    "import-part" => await ImportBenchmark.PartAsync(args),
    "sync" => await ImportBenchmark.SyncAsync(args),
    "sync-server" => await ImportBenchmark.ServeAsync(args),
    "judge" => JudgeBenchmark.Run(),
    "accounts" => await AccountsBenchmark.RunAsync(args),
    "decisions" => await DecisionsBenchmark.RunAsync(args),
    "triage" => await TriageBenchmark.RunAsync(args),
    "policy" => await PolicyBenchmark.RunAsync(args),
    "webhooks" => await WebhookBenchmark.RunAsync(args),
    "audit" => await AuditBenchmark.RunAsync(args),
    "gate" => await GateBenchmark.RunAsync(args),
    "gate-load" => await GateBenchmark.AskPacedAsync(args),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("Name a benchmark: scan [DOMAINS], import [ACCOUNTS] [POSTGRESQL-CONNECTION], sync [ACCOUNTS], judge, accounts [ACCOUNTS] [postgres], decisions [CASES], triage, policy [DOMAINS] [postgres], webhooks [EVENTS], gate [ACCOUNTS], audit [ENTRIES]");
    return 2;
}
