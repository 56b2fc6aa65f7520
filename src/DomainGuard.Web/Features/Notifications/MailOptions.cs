using System.Diagnostics.CodeAnalysis;
using System.Net;
using DomainGuard.Core.Addresses;
using DomainGuard.Web.Hosting;
using Microsoft.Extensions.Options;
using MimeKit;

namespace DomainGuard.Web.Features.Notifications;

/// <summary>How the way to the mail server is protected.</summary>
internal enum MailSecurity
{
    /// <summary>TLS after a greeting in the clear (RFC 3207); a server that has none is refused.</summary>
    StartTls,

    /// <summary>TLS from the first byte (RFC 8314).</summary>
    Tls,

    /// <summary>None: to a server on this machine only.</summary>
    None,
}

/// <summary>Section <c>DomainGuard:Mail</c>: on when <see cref="Host"/> is set.</summary>
internal sealed class MailOptions
{
    internal const string Section = "DomainGuard:Mail";

    /// <summary>Mail server that takes mail for the staff's mailboxes. Empty: nobody is mailed.</summary>
    public string Host { get; set; } = "";

    public int Port { get; set; } = 587;

    public MailSecurity Security { get; set; }

    /// <summary>Empty: the server asks for none.</summary>
    public string UserName { get; set; } = "";

    public string Password { get; set; } = "";

    /// <summary>Address that mails come from.</summary>
    public string From { get; set; } = "";

    /// <summary>Name beside it.</summary>
    public string FromName { get; set; } = "DomainGuard";

    internal bool IsOn => !string.IsNullOrWhiteSpace(Host);
}

/// <summary>Says everything that is wrong with <see cref="MailOptions"/> at once.</summary>
internal sealed class MailOptionsValidator(IConfiguration configuration) : IValidateOptions<MailOptions>
{
    public ValidateOptionsResult Validate(string? name, MailOptions options)
    {
        List<string> problems = [];
        if (options.IsOn)
        {
            Check(options, problems);
        }
        else if (options.From.Length > 0 || options.UserName.Length > 0 || options.Password.Length > 0)
        {
            problems.Add($"{MailOptions.Section}:Host is missing although other settings of {MailOptions.Section} are set. Set it to the name of the mail server.");
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private void Check(MailOptions options, List<string> problems)
    {
        if (Uri.CheckHostName(options.Host) == UriHostNameType.Unknown)
        {
            problems.Add($"{MailOptions.Section}:Host is no name or address of a server. Write for example mail.example.org; the port has a setting of its own.");
        }

        if (options.Port is < 1 or > 65_535)
        {
            problems.Add($"{MailOptions.Section}:Port is not between 1 and 65535.");
        }

        if (!Enum.IsDefined(options.Security))
        {
            problems.Add($"{MailOptions.Section}:Security is none of StartTls, Tls, None.");
        }
        else if (options.Security == MailSecurity.None && !IsLoopback(options.Host))
        {
            problems.Add($"{MailOptions.Section}:Security is None, which is taken only for a server on this machine: mails name accounts. Set it to StartTls or Tls.");
        }

        if (options.UserName.Length == 0 != (options.Password.Length == 0))
        {
            problems.Add($"{MailOptions.Section}:{(options.UserName.Length == 0 ? "UserName" : "Password")} is missing although {(options.UserName.Length == 0 ? "Password" : "UserName")} is set. Set both or neither.");
        }

        if (!MailAddresses.TryParse(options.From, out _, out var error))
        {
            problems.Add($"{MailOptions.Section}:From is no address: {error}. Write for example domainguard@example.org.");
        }

        if (options.FromName.Any(char.IsControl) || options.FromName.Length > 100)
        {
            problems.Add($"{MailOptions.Section}:FromName has line breaks or other control characters, or more than 100 characters.");
        }

        if (string.IsNullOrWhiteSpace(configuration[$"{DomainGuardOptions.Section}:{nameof(DomainGuardOptions.PublicUrl)}"]))
        {
            problems.Add($"{DomainGuardOptions.Section}:PublicUrl is missing although {MailOptions.Section}:Host is set: every mail links to the console. Set it to where people reach the console.");
        }
    }

    private static bool IsLoopback(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}

/// <summary>Addresses that we mail to or from.</summary>
internal static class MailAddresses
{
    /// <summary>Takes an address that may stand alone in a header: one address, without name, comment or line break.</summary>
    /// <param name="text">What was given.</param>
    /// <param name="address">It; null when it is none.</param>
    /// <param name="error">What is wrong, without repeating it; "" when nothing is.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out MailboxAddress? address, out string error)
    {
        address = null;
        if (!EmailAddress.TryParse(text, PublicSuffixList.Shipped, out var parsed, out error))
        {
            return false;
        }

        if (parsed.Text.Any(char.IsControl) || !MailboxAddress.TryParse(parsed.Text, out var mailbox) || mailbox.Address != parsed.Text)
        {
            error = "mail cannot be sent to an address of this form";
            return false;
        }

        address = mailbox;
        return true;
    }
}
