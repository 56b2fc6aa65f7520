using System.Security.Cryptography;
using DnsClient;

namespace DomainGuard.Lookups.Dns;

/// <summary>One resolver: asks it, over TCP where an answer is cut short, and finds out whether it can be believed.</summary>
internal sealed class Resolver
{
    private static readonly TimeSpan TrustFor = TimeSpan.FromHours(1);
    private static readonly TimeSpan DistrustFor = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan AvoidFor = TimeSpan.FromSeconds(30);

    private readonly LookupClient _client;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _probeGate = new(1, 1);
    private volatile Probe? _probe;
    private long _silentAt;
    private volatile bool _silent;

    internal Resolver(NameServer server, TimeProvider time)
    {
        _time = time;
        _client = new LookupClient(new LookupClientOptions(server)
        {
            UseCache = false,
            Timeout = TimeSpan.FromSeconds(2),
            Retries = 1,
            ThrowDnsErrors = false,
            UseTcpFallback = true,
            ContinueOnDnsError = false,
            ContinueOnEmptyResponse = false,
        });
    }

    /// <summary>It kept silent within the last half minute: others are asked first.</summary>
    internal bool IsAvoided => _silent && _time.GetElapsedTime(_silentAt) < AvoidFor;

    /// <summary>Asks. Throws <see cref="DnsResponseException"/> and what sockets throw.</summary>
    internal async Task<IDnsQueryResponse> AskAsync(string name, QueryType type, CancellationToken cancel)
    {
        try
        {
            var answer = await _client.QueryAsync(name, type, QueryClass.IN, cancel);
            _silent = false;
            return answer;
        }
        catch (DnsResponseException) when (!cancel.IsCancellationRequested)
        {
            (_silentAt, _silent) = (_time.GetTimestamp(), true);
            throw;
        }
    }

    /// <summary>
    /// Asks for a name that nobody can have registered, 30 random letters in .com. An address for it is a lie: such a resolver rewrites "no such name", and would make
    /// every lapsed domain look alive.
    /// </summary>
    internal async ValueTask<bool> LiesAsync(CancellationToken cancel)
    {
        if (FreshProbe() is { } known)
        {
            return known.Lies;
        }

        await _probeGate.WaitAsync(cancel);
        try
        {
            if (FreshProbe() is { } meanwhile)
            {
                return meanwhile.Lies;
            }

            var answer = await AskAsync($"{RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz", 30)}.com", QueryType.A, cancel);
            var probe = new Probe(answer.Answers.Count > 0, _time.GetTimestamp());
            _probe = probe;
            return probe.Lies;
        }
        finally
        {
            _probeGate.Release();
        }
    }

    private Probe? FreshProbe() => _probe is { } probe && _time.GetElapsedTime(probe.At) < (probe.Lies ? DistrustFor : TrustFor) ? probe : null;

    private sealed record Probe(bool Lies, long At);
}
