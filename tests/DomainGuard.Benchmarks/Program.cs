using DomainGuard.Benchmarks;

return args.FirstOrDefault() switch
{
    "scan" => await ScanBenchmark.RunAsync(args),
    "scan-upstream" => await ScanBenchmark.ServeAsync(args),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("Name a benchmark: scan [DOMAINS]");
    return 2;
}
