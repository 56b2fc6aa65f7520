using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Notifications;

/// <summary>Registration of what tells the staff.</summary>
internal static class MailServices
{
    /// <summary>Registers it. Needs the database, a guard clock and <see cref="TimeProvider"/>.</summary>
    public static IServiceCollection AddStaffMail(this IServiceCollection services)
    {
        services.AddOptions<MailOptions>().BindConfiguration(MailOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<MailOptions>, MailOptionsValidator>();
        services.AddSingleton<ReadNews>();
        services.AddSingleton<MakeMails>();
        services.AddSingleton<SendMails>();
        services.AddSingleton<DropOldMails>();
        services.AddSingleton<ChangeOwnMail>();
        services.AddSingleton<MailQueries>();
        services.AddHostedService<MailWorker>();
        return services;
    }
}
