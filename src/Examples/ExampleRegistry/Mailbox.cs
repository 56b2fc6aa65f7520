using DomainGuard.Client;
using Microsoft.AspNetCore.Identity;

namespace ExampleRegistry;

/// <summary>Sends mail to a table instead of a mail server: the page Mailbox shows it by domain, for whoever holds the domain reads it.</summary>
public sealed class Mailbox(RegistryDb db, TimeProvider time) : IEmailSender<Maintainer>
{
    /// <inheritdoc/>
    public Task SendConfirmationLinkAsync(Maintainer user, string email, string confirmationLink) => SendAsync(email, "Confirm your address", confirmationLink);

    /// <inheritdoc/>
    public Task SendPasswordResetLinkAsync(Maintainer user, string email, string resetLink) => SendAsync(email, "Reset your password", resetLink);

    /// <inheritdoc/>
    public Task SendPasswordResetCodeAsync(Maintainer user, string email, string resetCode) => SendAsync(email, "Reset your password", resetCode);

    private async Task SendAsync(string email, string subject, string link)
    {
        db.Mails.Add(new Mail { Host = email[(email.LastIndexOf('@') + 1)..], To = email, Subject = subject, Link = link, At = time.GetUtcNow().UtcDateTime });
        await db.SaveChangesAsync();
    }
}

/// <summary>Notes that a reset mail was withheld. A real platform offers the other doors here.</summary>
public sealed class NoteWithheld(RegistryDb db, TimeProvider time) : IRecoveryWithheldHandler<Maintainer>
{
    /// <inheritdoc/>
    public Task WithheldAsync(WithheldRecovery<Maintainer> withheld, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(withheld);
        var result = withheld.Result;
        db.Notices.Add(new Notice
        {
            Id = $"withheld-{Guid.CreateVersion7(time.GetUtcNow()):N}",
            Kind = "reset withheld",
            Text = $"{withheld.User.UserName}: {result.Decision}, {result.Reason}. Open to them: {string.Join(", ", result.Alternatives)}",
            At = time.GetUtcNow().UtcDateTime,
            NotedAt = time.GetUtcNow().UtcDateTime,
        });
        return db.SaveChangesAsync(cancel);
    }
}
