using System.Net.Http.Headers;
using DomainGuard.Core.Domains;
using DomainGuard.Lookups.Http;
using Microsoft.Extensions.Options;

namespace DomainGuard.Lookups.DomainResearch;

/// <summary>What Fastly Domain Research and Domainr v2 have in common: one GET, a key, a line of status words.</summary>
public abstract class ResearchSource : IDomainSource
{
    private readonly Uri _server;
    private readonly GuardedClient _client;

    private protected ResearchSource(SourceKind kind, bool isEnabled, string server, LookupTransport transport, TimeProvider time)
    {
        Kind = kind;
        IsEnabled = isEnabled;
        _server = new Uri(server.EndsWith('/') ? server : server + "/");
        _client = new GuardedClient(new HttpMessageInvoker(transport.CreateHandler(kind)), transport, time);
    }

    /// <inheritdoc />
    public SourceKind Kind { get; }

    /// <inheritdoc />
    public bool IsEnabled { get; }

    /// <inheritdoc />
    public string? HostFor(string domain) => Lanes.HostOf(_server);

    /// <inheritdoc />
    public async Task<Observation> AskAsync(LookupQuestion question, CancellationToken cancel)
    {
        var answer = await _client.GetAsync(new Uri(_server, PathFor(question.Domain)), "application/json", AddKey, cancel);
        var asked = new Observation(Kind, Lanes.HostOf(_server), Outcome.Failure, question.Now, answer.Duration)
        {
            HttpStatus = answer.Status,
            RetryAfter = answer.RetryAfter,
            Raw = answer.Body,
        };
        switch (answer.Status)
        {
            case null:
            case not null when answer.Failure != FailureKind.None:
                return asked.Fails(answer.Failure, answer.Error!);
            case 200:
                var (facts, failure, error) = StatusWords.Read(answer.Body, question.Domain);
                return facts is null ? asked.Fails(failure, $"{asked.Host}: {error}") : asked with { Outcome = Outcome.Answered, Research = facts };
            case 401 or 403:
                return asked.Fails(FailureKind.Blocked, $"{asked.Host} refuses the key (HTTP {answer.Status}); check {KeySetting}, and that the product is switched on for it");
            case 429:
                return asked.Fails(FailureKind.RateLimited, $"{asked.Host} asked for patience (HTTP 429)");
            case >= 500:
                return asked.Fails(FailureKind.ServerError, $"{asked.Host} failed (HTTP {answer.Status})");
            default:
                return asked.Fails(FailureKind.Refused, $"{asked.Host} did not take the question (HTTP {answer.Status})");
        }
    }

    private protected abstract string KeySetting { get; }

    private protected abstract string PathFor(string domain);

    private protected virtual void AddKey(HttpRequestHeaders headers)
    {
    }
}

/// <summary>Fastly Domain Research, precise scope (no <c>scope</c> parameter).</summary>
public sealed class FastlySource(IOptions<LookupOptions> options, LookupTransport transport, TimeProvider time)
    : ResearchSource(SourceKind.Fastly, options.Value.Fastly.Enabled, options.Value.Fastly.BaseUrl, transport, time)
{
    private readonly string _key = options.Value.Fastly.ApiKey;

    private protected override string KeySetting => "DomainGuard:Lookups:Fastly:ApiKey";

    private protected override string PathFor(string domain) => $"domain-management/v1/tools/status?domain={domain}";

    private protected override void AddKey(HttpRequestHeaders headers) => headers.Add("Fastly-Key", _key);
}

/// <summary>Domainr v2, one name per call.</summary>
public sealed class DomainrSource(IOptions<LookupOptions> options, LookupTransport transport, TimeProvider time)
    : ResearchSource(SourceKind.Domainr, options.Value.Domainr.Enabled, options.Value.Domainr.BaseUrl, transport, time)
{
    private readonly string _client = Uri.EscapeDataString(options.Value.Domainr.ClientId);

    private protected override string KeySetting => "DomainGuard:Lookups:Domainr:ClientId";

    private protected override string PathFor(string domain) => $"v2/status?client_id={_client}&domain={domain}";
}
