using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Sync;

/// <summary>Registration of what takes the platform's own lists in.</summary>
internal static class SyncServices
{
    /// <summary>Registers it. Needs the imports and what they need.</summary>
    public static IServiceCollection AddSync(this IServiceCollection services)
    {
        services.AddOptions<SqlSourceOptions>().BindConfiguration(SqlSourceOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<SqlSourceOptions>, SqlSourceOptionsValidator>();
        services.AddSingleton<SqlSource>();
        services.AddSingleton<SqlSchedule>();
        services.AddSingleton<RunSqlSync>();
        services.AddSingleton<StartSqlSync>();
        services.AddSingleton<PreviewSqlSource>();
        services.AddSingleton<SyncQueries>();
        return services;
    }
}
