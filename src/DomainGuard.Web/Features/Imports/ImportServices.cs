namespace DomainGuard.Web.Features.Imports;

internal static class ImportServices
{
    /// <summary>Registers everything that takes accounts in. Needs the database, a guard clock, <see cref="TimeProvider"/> and the scan engine's node.</summary>
    public static IServiceCollection AddImports(this IServiceCollection services)
    {
        services.AddSingleton<ImportTurn>();
        services.AddSingleton<StageImport>();
        services.AddSingleton<ConfirmImport>();
        services.AddSingleton<MergeImport>();
        services.AddSingleton<TallyDomains>();
        services.AddSingleton<ResumeImports>();
        services.AddSingleton<ImportQueries>();
        services.AddSingleton<ImportWorker>();
        services.AddHostedService(p => p.GetRequiredService<ImportWorker>());
        return services;
    }
}
