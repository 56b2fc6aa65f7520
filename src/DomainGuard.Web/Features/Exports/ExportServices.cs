using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Exports;

internal static class ExportServices
{
    /// <summary>Registers exports. Needs <c>AddAudit</c> and what that needs.</summary>
    public static IServiceCollection AddExports(this IServiceCollection services)
    {
        services.AddOptions<ExportOptions>().BindConfiguration(ExportOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ExportOptions>, ExportOptionsValidator>();
        services.AddSingleton<ExportFolder>();
        services.AddSingleton<WriteExport>();
        services.AddSingleton<RequestExport>();
        services.AddSingleton<RunExport>();
        services.AddSingleton<FetchExport>();
        services.AddSingleton<ExportQueries>();
        services.AddSingleton<ExportWorker>();
        services.AddHostedService(p => p.GetRequiredService<ExportWorker>());
        return services;
    }
}
