using DomainGuard.Lookups.Http;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Webhooks;

/// <summary>Section <c>DomainGuard:Webhooks</c>.</summary>
internal sealed class WebhookOptions
{
    internal const string Section = "DomainGuard:Webhooks";

    /// <summary>Receivers, as host:port, that may be reached over plain http or on a private or loopback address. All others: https, and public addresses only.</summary>
    public IList<string> AllowedPrivateHosts { get; } = [];
}

/// <summary>Says everything that is wrong with <see cref="WebhookOptions"/> at once.</summary>
internal sealed class WebhookOptionsValidator : IValidateOptions<WebhookOptions>
{
    public ValidateOptionsResult Validate(string? name, WebhookOptions options)
    {
        PrivateHosts.Parse(options.AllowedPrivateHosts, out var bad);
        return bad.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(bad.Select(b => $"DomainGuard:Webhooks:AllowedPrivateHosts: '{b}' is no host:port. Write for example receiver.internal:8443."));
    }
}

/// <summary>Where events leave: no redirects, no proxy, no cookies, and a connection only to an address that a stranger's receiver may have, or that the configuration names.</summary>
internal sealed class WebhookTransport : IDisposable
{
    private readonly PrivateHosts _allowed;

    public WebhookTransport(IOptions<WebhookOptions> options)
    {
        _allowed = PrivateHosts.Parse(options.Value.AllowedPrivateHosts, out _);
        // A receiver that hangs holds its own connections alone; the time of a whole call is the caller's.
        Client = new HttpClient(GuardedSockets.CreateHandler(_allowed, "DomainGuard:Webhooks:AllowedPrivateHosts")) { Timeout = System.Threading.Timeout.InfiniteTimeSpan };
    }

    /// <summary>Sends.</summary>
    public HttpClient Client { get; }

    /// <summary>What speaks against an address, in words; null when nothing does. Whether its name leads to a private address shows when it is connected to.</summary>
    public string? Problem(string text, out Uri? url)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out url) || url.Scheme is not ("https" or "http") || url.Host.Length == 0)
        {
            return "Give a whole address, such as https://platform.example/hooks/domainguard.";
        }

        return url.UserInfo.Length > 0 ? "An address with a name or password in it is not taken: it would stand in logs."
            : text.Length > 2_000 ? "An address has at most 2,000 characters."
            : _allowed.Contains(url) ? null
            : url.Scheme != "https" ? $"Only https is taken: what is sent names accounts. If plain http to this receiver is meant, name {url.IdnHost}:{url.Port} in DomainGuard:Webhooks:AllowedPrivateHosts."
            : System.Net.IPAddress.TryParse(url.Host.Trim('[', ']'), out var address) && PrivateHosts.IsPrivate(address) ? $"This is a private address. If it is meant, name {url.IdnHost}:{url.Port} in DomainGuard:Webhooks:AllowedPrivateHosts."
            : null;
    }

    public void Dispose() => Client.Dispose();
}
