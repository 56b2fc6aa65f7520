using DomainGuard.Core.Domains;
using DomainGuard.Lookups.Http;
using Microsoft.Extensions.Options;

namespace DomainGuard.Lookups.Rdap;

/// <summary>
/// Asks the registry's RDAP server (RFC 9082 3.1.3). The registrar's own answer ("related" link) is not asked for: the registry outranks it, and its dates decide nothing.
/// </summary>
public sealed class RdapSource : IDomainSource
{
    /// <summary>rdap.nic.fr refused the first alone.</summary>
    private const string Accept = "application/rdap+json, application/json;q=0.9";

    private readonly RdapBootstrap _bootstrap;
    private readonly GuardedClient _client;

    /// <summary>Makes the source.</summary>
    public RdapSource(IOptions<LookupOptions> options, RdapBootstrap bootstrap, LookupTransport transport, TimeProvider time)
    {
        _bootstrap = bootstrap;
        IsEnabled = options.Value.Rdap.Enabled;
        _client = new GuardedClient(new HttpMessageInvoker(transport.CreateHandler(SourceKind.Rdap)), transport, time);
    }

    /// <inheritdoc />
    public SourceKind Kind => SourceKind.Rdap;

    /// <inheritdoc />
    public bool IsEnabled { get; }

    /// <inheritdoc />
    public string? HostFor(string domain) => _bootstrap.BaseUrlFor(domain) is { } url ? Lanes.HostOf(url) : null;

    /// <inheritdoc />
    public async Task<Observation> AskAsync(LookupQuestion question, CancellationToken cancel)
    {
        if (_bootstrap.BaseUrlFor(question.Domain) is not { } server)
        {
            return new Observation(SourceKind.Rdap, "", Outcome.NotServed, question.Now, TimeSpan.Zero);
        }

        var answer = await _client.GetAsync(new Uri(server, $"domain/{question.Domain}"), Accept, null, cancel);
        var asked = new Observation(SourceKind.Rdap, Lanes.HostOf(server), Outcome.Failure, question.Now, answer.Duration)
        {
            HttpStatus = answer.Status,
            RetryAfter = answer.RetryAfter,
            Raw = answer.Body,
        };
        return answer.Status switch
        {
            null => asked.Fails(answer.Failure, answer.Error!),
            _ when answer.Failure != FailureKind.None => asked.Fails(answer.Failure, answer.Error!),
            200 => Read200(asked, RdapReader.Read(answer.Body, question.Domain)),
            404 => Read404(asked, answer, question.Domain),
            429 => asked.Fails(FailureKind.RateLimited, $"{asked.Host} asked for patience (HTTP 429)"),
            401 or 403 => asked.Fails(FailureKind.Blocked, $"{asked.Host} refuses us (HTTP {answer.Status}); it may have blocked this address"),
            >= 500 => asked.Fails(FailureKind.ServerError, $"{asked.Host} failed (HTTP {answer.Status})"),
            _ => asked.Fails(FailureKind.Refused, $"{asked.Host} did not take the question (HTTP {answer.Status})"),
        };
    }

    private static Observation Read200(Observation asked, RdapReading reading) => reading.Kind switch
    {
        RdapReadingKind.Domain => asked with { Outcome = Outcome.Answered, Rdap = reading.Facts },
        RdapReadingKind.Error when reading.ErrorCode == 429 => asked.Fails(FailureKind.RateLimited, $"{asked.Host} asked for patience (error object 429)"),
        RdapReadingKind.Error => asked.Fails(FailureKind.BadAnswer, $"{asked.Host} answered with an error object ({reading.ErrorCode}): {reading.Text}"),
        RdapReadingKind.WrongName => asked.Fails(FailureKind.WrongName, $"{asked.Host}: {reading.Text}"),
        _ => asked.Fails(FailureKind.BadAnswer, $"{asked.Host}: {reading.Text}"),
    };

    /// <summary>
    /// A 404 says "no such registration" only from the TLD's own server, with no body or an RDAP error (RFC 7480 5.3): a redirector without a server for the TLD, a reserved
    /// name, a proxy's page and a path that moved answer 404 too.
    /// </summary>
    private Observation Read404(Observation asked, HttpAnswer answer, string domain)
    {
        if (answer.From is { } from && Lanes.HostOf(from) != asked.Host && Lanes.HostOf(from) != HostFor(domain))
        {
            return asked.Fails(FailureKind.BadAnswer, $"the 404 came from {from.Host}, which is not the registry's server");
        }

        if (answer.Body.AsSpan().Trim(" \t\r\n"u8).IsEmpty)
        {
            return asked with { Outcome = Outcome.NotFound };
        }

        var reading = RdapReader.Read(answer.Body, domain);
        return reading switch
        {
            { SaysReserved: true } => asked with { Outcome = Outcome.Reserved },
            { SaysNotServed: true } => asked with { Outcome = Outcome.NotServed, Raw = default },
            { Kind: RdapReadingKind.Error, ErrorCode: 404 or 0 or null } => asked with { Outcome = Outcome.NotFound },
            { Kind: RdapReadingKind.Error } => asked.Fails(FailureKind.BadAnswer, $"{asked.Host} answered 404 with an error object {reading.ErrorCode}: {reading.Text}"),
            _ => asked.Fails(FailureKind.BadAnswer, $"{asked.Host} answered 404, but not as an RDAP server does: {reading.Text}"),
        };
    }
}
