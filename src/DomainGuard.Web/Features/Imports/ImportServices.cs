namespace DomainGuard.Web.Features.Imports;

internal static class ImportServices
{
    /// <summary>Registers everything that takes accounts in.</summary>
    public static IServiceCollection AddImports(this IServiceCollection services)
    {
        services.AddSingleton<StageImport>();
        services.AddSingleton<MergeImport>();
        services.AddSingleton<TallyDomains>();
        services.AddSingleton<ResumeImports>();
        services.AddSingleton<ImportQueries>();
        services.AddSingleton<ImportWorker>();
        services.AddHostedService(p => p.GetRequiredService<ImportWorker>());
        return services;
    }
}
