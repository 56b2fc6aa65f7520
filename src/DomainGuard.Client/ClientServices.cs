using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace DomainGuard.Client;

/// <summary>Registration of the client, the gate before Identity's password reset, and the verification of webhooks.</summary>
public static class ClientServices
{
    /// <summary>Registers <see cref="DomainGuardClient"/>. What is wrong in the options is said at start.</summary>
    /// <returns>Its HTTP client, for handlers of your own, such as a proxy. It follows no redirects: a key belongs to one address.</returns>
    public static IHttpClientBuilder AddDomainGuardClient(this IServiceCollection services, Action<DomainGuardClientOptions> configure)
    {
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<DomainGuardClientOptions>, DomainGuardClientOptionsValidator>());
        services.AddOptions<DomainGuardClientOptions>().Configure(configure).ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<DomainGuardClient>();

        // Deadlines are the client's own; where a node does not even take the connection there is time to try another.
        return services.AddHttpClient(DomainGuardClient.HttpClientName, c => c.Timeout = Timeout.InfiniteTimeSpan)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(2), PooledConnectionLifetime = TimeSpan.FromMinutes(2) });
    }

    /// <summary>
    /// Puts DomainGuard before the password reset of ASP.NET Core Identity: a reset mail leaves only where the gate says allow. Call it after the sender of <typeparamref name="TUser"/> was
    /// registered, and after <see cref="AddDomainGuardClient"/>. The older <c>Microsoft.AspNetCore.Identity.UI.Services.IEmailSender</c>, which knows no user, is not covered.
    /// </summary>
    /// <typeparam name="TUser">The user class of Identity.</typeparam>
    /// <exception cref="InvalidOperationException">There is no sender to put it before.</exception>
    public static IServiceCollection AddDomainGuardRecovery<TUser>(this IServiceCollection services, Action<RecoveryGateOptions<TUser>>? configure = null)
        where TUser : class
    {
        if (configure is not null)
        {
            services.Configure(configure);
        }

        if (services.Any(s => s.ServiceType == typeof(RecoveryGate<TUser>)))
        {
            return services;
        }

        var sender = services.LastOrDefault(s => s.ServiceType == typeof(IEmailSender<TUser>) && !s.IsKeyedService) ?? services.LastOrDefault(s => s.ServiceType == typeof(IEmailSender<>) && !s.IsKeyedService)
            ?? throw new InvalidOperationException($"Register an IEmailSender<{typeof(TUser).Name}> before AddDomainGuardRecovery: there is nothing yet that it could stand before.");
        services.Add(RecoveryGate<TUser>.Inner(sender));
        services.AddTransient<IEmailSender<TUser>, GatedEmailSender<TUser>>();
        services.AddOptions<RecoveryGateOptions<TUser>>().ValidateOnStart();
        services.AddSingleton<IValidateOptions<RecoveryGateOptions<TUser>>, RecoveryGateOptionsValidator<TUser>>();
        services.AddSingleton<RecoveryGate<TUser>>();
        services.AddHostedService(s => s.GetRequiredService<RecoveryGate<TUser>>());
        return services;
    }

    /// <summary>The same for Identity's own <see cref="IdentityUser"/>.</summary>
    public static IServiceCollection AddDomainGuardRecovery(this IServiceCollection services, Action<RecoveryGateOptions<IdentityUser>>? configure = null) => services.AddDomainGuardRecovery<IdentityUser>(configure);

    /// <summary>Registers a <see cref="WebhookVerifier"/> for these secrets. What is wrong with one is said at start.</summary>
    /// <param name="services">The container's.</param>
    /// <param name="secrets">The endpoint's secrets, <c>whsec_...</c>; several while one takes over from another.</param>
    public static IServiceCollection AddDomainGuardWebhooks(this IServiceCollection services, params IEnumerable<string> secrets)
    {
        var keys = WebhookVerifier.Read(secrets);
        services.TryAddSingleton(TimeProvider.System);
        return services.AddSingleton(s => new WebhookVerifier(keys, s.GetRequiredService<TimeProvider>()));
    }
}
