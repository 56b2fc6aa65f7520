using System.Globalization;
using System.Text.RegularExpressions;
using DomainGuard.Core.Events;
using DomainGuard.Data;
using DomainGuard.Data.Mails;
using MailKit.Net.Smtp;
using MailKit.Security;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using MimeKit;

namespace DomainGuard.Web.Features.Notifications;

/// <summary>
/// Sends mails that are due, one after the other: each is claimed for a while, handed to the mail server, and what became of it is written at once. A process that dies between the server's
/// answer and that write sends it again with the same Message-ID. What the server refuses for good (5xx) is given up; anything else is tried again for a day.
/// </summary>
internal sealed partial class SendMails(IDbContextFactory<GuardDb> dbs, IOptions<MailOptions> options, TimeProvider time, ILogger<SendMails> log)
{
    /// <summary>How long the server may take for one mail, from the connection on.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Longer than a try can take.</summary>
    internal static readonly TimeSpan Claim = Limit + TimeSpan.FromMinutes(1);

    private const int MostError = 500;

    /// <summary>Does it until nothing is due, or the server is not to be had.</summary>
    /// <returns>How many it took.</returns>
    public async Task<int> ExecuteAsync(CancellationToken cancel)
    {
        var taken = 0;
        if (!options.Value.IsOn)
        {
            return taken;
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        while (await ClaimAsync(db, cancel) is { } mail)
        {
            var tried = await TryAsync(db, mail, cancel);
            // What was sent is written, also when the process is told to stop meanwhile.
            await WriteAsync(db, mail, tried);
            taken += tried is { State: MailState.Sent } ? 1 : 0;
            if (tried is null or { State: MailState.Waiting })
            {
                break; // told to stop, or the server is in trouble: the others are not spent on it now
            }
        }

        return taken;
    }

    private async Task<Mail?> ClaimAsync(GuardDb db, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var due = db.Mails.Where(m => m.State == MailState.Waiting && m.NextTryAt <= now && (m.ClaimUntil == null || m.ClaimUntil < now));
        while (await due.OrderBy(m => m.NextTryAt).ThenBy(m => m.Id).Select(m => (Guid?)m.Id).FirstOrDefaultAsync(cancel) is { } id)
        {
            var claim = Guid.CreateVersion7(now);
            if (await due.Where(m => m.Id == id).ExecuteUpdateAsync(s => s.SetProperty(m => m.Claim, claim).SetProperty(m => m.ClaimUntil, now + Claim), cancel) == 1)
            {
                return await db.Mails.AsNoTracking().FirstOrDefaultAsync(m => m.Id == id && m.Claim == claim, cancel);
            }
        }

        return null;
    }

    /// <summary>Null when the process was told to stop in the middle: not counted as a try.</summary>
    private async Task<Tried?> TryAsync(GuardDb db, Mail mail, CancellationToken cancel)
    {
        // Asked now, not when the mail was made: he may have changed it, been locked, or be gone.
        var to = await db.MailChoices.AsNoTracking()
            .Where(c => c.UserId == mail.UserId && db.Users.Any(u => u.Id == c.UserId && u.LockoutEnd == null && db.UserRoles.Any(r => r.UserId == u.Id)))
            .Select(c => c.Address)
            .FirstOrDefaultAsync(cancel);
        if (!MailAddresses.TryParse(to, out var address, out _))
        {
            return new Tried(MailState.GivenUp, "There is no address to send it to any more.");
        }

        using var message = Message(mail, address);
        // No protocol log: it would hold addresses and the password.
        using var client = new SmtpClient();
        // As elsewhere in .NET: a relay whose own authority has no revocation list could not be used otherwise.
        client.CheckCertificateRevocation = false;
        using var timeout = new CancellationTokenSource(Limit, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel, timeout.Token);
        try
        {
            await ConnectAsync(client, limit.Token);
            try
            {
                await client.SendAsync(message, limit.Token);
            }
            catch (SmtpCommandException e) when ((int)e.StatusCode >= 500)
            {
                return new Tried(MailState.GivenUp, Words(e));
            }
        }
        catch (Exception) when (cancel.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e)
        {
            // Whatever goes wrong in talking to a server is its trouble, or that of the way to it, and may pass.
            return new Tried(MailState.Waiting, timeout.IsCancellationRequested ? string.Create(CultureInfo.InvariantCulture, $"The mail server did not take it within {Limit.TotalSeconds:0} s.") : Words(e));
        }

        await LeaveAsync(client, limit.Token);
        return new Tried(MailState.Sent, null);
    }

    private async Task ConnectAsync(SmtpClient client, CancellationToken cancel)
    {
        var o = options.Value;
        await client.ConnectAsync(o.Host, o.Port, o.Security switch { MailSecurity.Tls => SecureSocketOptions.SslOnConnect, MailSecurity.None => SecureSocketOptions.None, _ => SecureSocketOptions.StartTls }, cancel);
        if (o.UserName.Length > 0)
        {
            await client.AuthenticateAsync(o.UserName, o.Password, cancel);
        }
    }

    private static async Task LeaveAsync(SmtpClient client, CancellationToken cancel)
    {
        try
        {
            await client.DisconnectAsync(quit: true, cancel);
        }
        catch (Exception e) when (e is IOException or MailKit.ProtocolException or OperationCanceledException or System.Net.Sockets.SocketException)
        {
            // It has the mail; how it says goodbye does not matter.
        }
    }

    private MimeMessage Message(Mail mail, MailboxAddress to)
    {
        var from = new MailboxAddress(options.Value.FromName, MailAddresses.TryParse(options.Value.From, out var own, out _) ? own.Address : options.Value.From);
        var message = new MimeMessage { Subject = mail.Subject, Date = mail.CreatedAt, MessageId = IdOf(mail.Id, from.Domain) };
        message.From.Add(from);
        message.To.Add(to);
        message.Headers.Add(HeaderId.AutoSubmitted, "auto-generated"); // RFC 3834: no holiday notes back
        message.Body = new MultipartAlternative { Part("plain", mail.Text), Part("html", mail.Html) };
        return message;
    }

    /// <summary>The id of a mail on the wire, the same at every try.</summary>
    internal static string IdOf(Guid id, string domain) => $"{id:N}@{domain}";

    // Quoted-printable: lines stay within what SMTP takes (RFC 5321 4.5.3.1.6), whatever stands in them.
    private static TextPart Part(string subtype, string text) => new(subtype) { Text = text, ContentTransferEncoding = ContentEncoding.QuotedPrintable };

    private async Task WriteAsync(GuardDb db, Mail mail, Tried? tried)
    {
        var mine = db.Mails.Where(m => m.Id == mail.Id && m.Claim == mail.Claim);
        if (tried is null)
        {
            await mine.ExecuteUpdateAsync(s => s.SetProperty(m => m.Claim, (Guid?)null).SetProperty(m => m.ClaimUntil, (DateTimeOffset?)null), CancellationToken.None);
            return;
        }

        var now = time.GetUtcNow();
        var wait = tried.State == MailState.Waiting ? MailRules.Wait(mail.Tries + 1, now - mail.CreatedAt) : null;
        var state = tried.State == MailState.Waiting && wait is null ? MailState.GivenUp : tried.State;
        await mine.ExecuteUpdateAsync(
            s => s.SetProperty(m => m.State, state).SetProperty(m => m.Tries, m => m.Tries + 1).SetProperty(m => m.NextTryAt, now + (wait ?? TimeSpan.Zero)).SetProperty(m => m.Claim, (Guid?)null)
                .SetProperty(m => m.ClaimUntil, (DateTimeOffset?)null).SetProperty(m => m.TriedAt, now).SetProperty(m => m.Error, tried.Error),
            CancellationToken.None);
        if (tried.Error is not null)
        {
            Log.NotTaken(log, mail.Id, mail.UserId, state, tried.Error);
        }
    }

    /// <summary>What a server said, as it may be kept and logged: in one line, without addresses.</summary>
    internal static string Words(Exception e)
    {
        var text = e switch
        {
            SmtpCommandException command => string.Create(CultureInfo.InvariantCulture, $"{(int)command.StatusCode}: {command.Message}"),
            AuthenticationException => $"The mail server refused DomainGuard:Mail:UserName or Password: {e.Message}",
            SslHandshakeException => $"The way to the mail server could not be protected: {(e.InnerException ?? e).Message}",
            _ => e.Message,
        };
        text = Address().Replace(string.Join(' ', MailText.Plain(text.ReplaceLineEndings(" ")).Split(' ', StringSplitOptions.RemoveEmptyEntries)), "(address)");
        return text.Length <= MostError ? text : text[..(char.IsHighSurrogate(text[MostError - 2]) ? MostError - 2 : MostError - 1)] + "…";
    }

    [GeneratedRegex(@"[^\s<>()]+@[^\s<>()]+", RegexOptions.CultureInvariant)]
    private static partial Regex Address();

    private sealed record Tried(MailState State, string? Error);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Mail {Mail} to member {Member} was not taken, it is {State} now: {Problem}")]
        public static partial void NotTaken(ILogger logger, Guid mail, Guid member, MailState state, string problem);
    }
}
