using DomainGuard.Benchmarks;

return args.FirstOrDefault() switch
{
    "scan" => await ScanBenchmark.RunAsync(args),
    "scan-upstream" => await ScanBenchmark.ServeAsync(args),
    "import" => await ImportBenchmark.RunAsync(args),
    "import-part" => await ImportBenchmark.PartAsync(args),
    "judge" => JudgeBenchmark.Run(),
    "accounts" => await AccountsBenchmark.RunAsync(args),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("Name a benchmark: scan [DOMAINS], import [ACCOUNTS] [POSTGRESQL-CONNECTION], judge, accounts [ACCOUNTS] [postgres]");
    return 2;
}
