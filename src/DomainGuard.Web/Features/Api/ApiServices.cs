using DomainGuard.Web.Features.Accounts;
using DomainGuard.Web.Features.Sync;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;

namespace DomainGuard.Web.Features.Api;

/// <summary>Registration of the API.</summary>
internal static class ApiServices
{
    /// <summary>Registers it. Needs the staff's sign-in, whose scheme stays the default.</summary>
    public static IServiceCollection AddApi(this IServiceCollection services)
    {
        services.AddAuthentication().AddScheme<AuthenticationSchemeOptions, ApiKeyHandler>(ApiKeyHandler.Scheme, null);
        services.Configure<AuthorizationOptions>(ApiScope.AddPolicies);
        services.ConfigureHttpJsonOptions(o => ApiJson.Configure(o.SerializerOptions));
        services.AddSingleton<KnownKeys>();
        services.AddSingleton<CreateKey>();
        services.AddSingleton<RotateKey>();
        services.AddSingleton<RevokeKey>();
        services.AddSingleton<KeyQueries>();
        services.AddSingleton<ReportVerification>();
        services.AddSingleton<ImportsAhead>();
        services.AddSingleton<PutAccount>();
        services.AddSingleton<RetireAccount>();
        services.AddSingleton<SyncAccounts>();
        services.AddSingleton<ApiRates>();
        services.AddSingleton<ApiBodyReader>();
        services.AddSingleton<ApiIdempotency>();
        ApiDescribed.Add(services);
        return services;
    }
}
