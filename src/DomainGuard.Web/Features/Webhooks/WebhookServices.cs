using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Webhooks;

/// <summary>Registration of what tells the platform.</summary>
internal static class WebhookServices
{
    /// <summary>Registers it. Needs the database, the audit trail with its keys, a guard clock, <see cref="TimeProvider"/>, and the key ring of the sign-in.</summary>
    public static IServiceCollection AddWebhooks(this IServiceCollection services)
    {
        services.AddOptions<WebhookOptions>().BindConfiguration(WebhookOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<WebhookOptions>, WebhookOptionsValidator>();
        services.AddSingleton<WebhookTransport>();
        services.AddSingleton<WebhookSecrets>();
        services.AddSingleton<ReadEvents>();
        services.AddSingleton<FanOutEvents>();
        services.AddSingleton<SendDeliveries>();
        services.AddSingleton<DropOldEvents>();
        services.AddSingleton<ChangeWebhooks>();
        services.AddSingleton<ReplayDeliveries>();
        services.AddSingleton<WebhookQueries>();
        services.AddHostedService<WebhookWorker>();
        return services;
    }
}
