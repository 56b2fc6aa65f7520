using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using DnsClient;
using DomainGuard.Core.Domains;
using Microsoft.Extensions.Options;

namespace DomainGuard.Lookups.Dns;

/// <summary>
/// Asks resolvers: delegation at the domain, MX (then addresses) at each mail host. The owner of the SOA in the authority section decides delegation (RFC 2308, RFC 8020);
/// SERVFAIL, REFUSED and silence are failures. A resolver that answers for a name that cannot exist is not believed.
/// </summary>
public sealed class DnsSource : IDomainSource
{
    private static readonly TimeSpan TrustFor = TimeSpan.FromHours(1);
    private static readonly TimeSpan DistrustFor = TimeSpan.FromMinutes(5);

    private static readonly QueryType[] AddressTypes = [QueryType.A, QueryType.AAAA];

    private readonly LookupClient _client;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _probeGate = new(1, 1);
    private long _probedAt;
    private bool _probed;
    private bool _lies;

    /// <summary>Makes the source.</summary>
    public DnsSource(IOptions<LookupOptions> options, TimeProvider time)
    {
        _time = time;
        var dns = options.Value.Dns;
        IsEnabled = dns.Enabled;
        var servers = dns.Servers.Select(s => TryParseServer(s, out var e) ? new NameServer(e) : null).OfType<NameServer>().ToArray();
        var client = servers.Length > 0 ? new LookupClientOptions(servers) : new LookupClientOptions();
        client.UseCache = false;
        client.Timeout = TimeSpan.FromSeconds(2.5);
        client.Retries = 1;
        client.ThrowDnsErrors = false;
        client.UseTcpFallback = true;
        client.ContinueOnDnsError = servers.Length > 1;
        client.ContinueOnEmptyResponse = false;
        _client = new LookupClient(client);
    }

    /// <inheritdoc />
    public SourceKind Kind => SourceKind.Dns;

    /// <inheritdoc />
    public bool IsEnabled { get; }

    /// <inheritdoc />
    public string? HostFor(string domain) => Lanes.DnsHost;

    /// <summary>Reads "192.0.2.53", "192.0.2.53:5353", "2001:db8::53" or "[2001:db8::53]:5353"; port 53 when none is given.</summary>
    public static bool TryParseServer(string text, [NotNullWhen(true)] out IPEndPoint? server)
    {
        server = null;
        if (IPAddress.TryParse(text, out var address))
        {
            server = new IPEndPoint(address, 53);
        }
        else if (text.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(text, out var endPoint) && endPoint.Port > 0)
        {
            server = endPoint;
        }

        return server is not null;
    }

    /// <inheritdoc />
    public async Task<Observation> AskAsync(LookupQuestion question, CancellationToken cancel)
    {
        var started = _time.GetTimestamp();
        var asked = new Observation(SourceKind.Dns, Lanes.DnsHost, Outcome.Failure, question.Now, TimeSpan.Zero);
        Observation answer;
        try
        {
            answer = await ResolverLiesAsync(cancel)
                ? asked.Fails(FailureKind.Untrusted, "the resolver answers for names that do not exist; use one that does not rewrite (DomainGuard:Lookups:Dns:Servers)")
                : await AskAllAsync(asked, question, cancel);
        }
        catch (Exception problem) when (!cancel.IsCancellationRequested
            && problem is DnsResponseException or System.Net.Sockets.SocketException or OperationCanceledException or InvalidOperationException or IndexOutOfRangeException)
        {
            answer = Explain(asked, problem);
        }

        return answer with { Duration = _time.GetElapsedTime(started) };
    }

    private async Task<Observation> AskAllAsync(Observation asked, LookupQuestion question, CancellationToken cancel)
    {
        var ns = await _client.QueryAsync(question.Domain, QueryType.NS, QueryClass.IN, cancel);
        if (ns.Header.ResponseCode is not (DnsHeaderResponseCode.NoError or DnsHeaderResponseCode.NotExistentDomain))
        {
            return asked.Fails(FailureKind.ServerError, $"the resolver answered {ns.Header.ResponseCode} for {question.Domain}");
        }

        var (delegation, soaOwner) = ReadDelegation(ns, question.Domain);
        var nameServers = ns.Answers.NsRecords().Select(r => Normal(r.NSDName)).Distinct().Order(StringComparer.Ordinal).Take(50).ToList();
        var hosts = question.MailHosts.Count > 0 ? question.MailHosts : [question.Domain];
        var mail = new MailHostFacts[hosts.Count];
        for (var i = 0; i < hosts.Count; i++)
        {
            // Nothing exists below a name that does not (RFC 8020).
            mail[i] = delegation == Delegation.NxDomain ? new MailHostFacts(hosts[i], MailRoute.None, []) : await AskMailAsync(hosts[i], cancel);
        }

        Array.Sort(mail, (a, b) => string.CompareOrdinal(a.Host, b.Host));
        return asked with
        {
            Outcome = Outcome.Answered,
            Dns = new DnsFacts
            {
                Delegation = delegation,
                SoaOwner = soaOwner,
                NameServers = nameServers,
                MailHosts = mail,
                ParkedBy = NameServerSigns.ParkingOf(nameServers),
                SinkholedBy = NameServerSigns.SinkholeOf(nameServers),
            },
        };
    }

    /// <summary>Delegation by the answer to NS at the domain. Sample of a negative answer: NXDOMAIN, authority "com. SOA a.gtld-servers.net. ...".</summary>
    private static (Delegation, string?) ReadDelegation(IDnsQueryResponse answer, string domain)
    {
        var owner = answer.Authorities.SoaRecords().Concat(answer.Answers.SoaRecords()).Select(r => Normal(r.DomainName)).FirstOrDefault();
        if (answer.Answers.NsRecords().Any(r => Normal(r.DomainName) == domain))
        {
            return (Delegation.Delegated, owner ?? domain);
        }

        // A CNAME in the answer means that the asked name exists, whatever the code says of its target.
        if (answer.Answers.CnameRecords().Any(r => Normal(r.DomainName) == domain) || owner == domain)
        {
            return (Delegation.Delegated, owner ?? domain);
        }

        var isParents = owner is not null && (owner.Length == 0 || domain.EndsWith("." + owner, StringComparison.Ordinal));
        return answer.Header.ResponseCode == DnsHeaderResponseCode.NotExistentDomain
            ? (isParents ? Delegation.NxDomain : Delegation.Unknown, owner)
            : (isParents ? Delegation.NoZone : Delegation.Unknown, owner);
    }

    private async Task<MailHostFacts> AskMailAsync(string host, CancellationToken cancel)
    {
        var mx = await _client.QueryAsync(host, QueryType.MX, QueryClass.IN, cancel);
        if (mx.Header.ResponseCode == DnsHeaderResponseCode.NotExistentDomain)
        {
            return new MailHostFacts(host, MailRoute.None, []);
        }

        if (mx.Header.ResponseCode != DnsHeaderResponseCode.NoError)
        {
            return new MailHostFacts(host, MailRoute.Unknown, []);
        }

        var exchanges = mx.Answers.MxRecords().Select(r => Normal(r.Exchange)).Distinct().Order(StringComparer.Ordinal).Take(50).ToList();
        if (exchanges.Count > 0)
        {
            // RFC 7505: a null MX stands alone; beside others it is an error, and the others count.
            return exchanges is [""] ? new MailHostFacts(host, MailRoute.NullMx, []) : new MailHostFacts(host, MailRoute.Mx, [.. exchanges.Where(e => e.Length > 0)]);
        }

        foreach (var type in AddressTypes)
        {
            var addresses = await _client.QueryAsync(host, type, QueryClass.IN, cancel);
            if (addresses.Answers.AddressRecords().Any())
            {
                return new MailHostFacts(host, MailRoute.ImplicitMx, []);
            }

            if (addresses.Header.ResponseCode is not (DnsHeaderResponseCode.NoError or DnsHeaderResponseCode.NotExistentDomain))
            {
                return new MailHostFacts(host, MailRoute.Unknown, []);
            }
        }

        return new MailHostFacts(host, MailRoute.None, []);
    }

    /// <summary>Asks for a name that nobody can have registered: 30 random letters in .com. Anything but "no such name" there is a lie.</summary>
    private async ValueTask<bool> ResolverLiesAsync(CancellationToken cancel)
    {
        if (IsProbeFresh())
        {
            return _lies;
        }

        await _probeGate.WaitAsync(cancel);
        try
        {
            if (!IsProbeFresh())
            {
                var answer = await _client.QueryAsync($"{RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz", 30)}.com", QueryType.A, QueryClass.IN, cancel);
                (_lies, _probedAt, _probed) = (answer.Answers.AddressRecords().Any(), _time.GetTimestamp(), true);
            }

            return _lies;
        }
        finally
        {
            _probeGate.Release();
        }
    }

    private bool IsProbeFresh() => _probed && _time.GetElapsedTime(_probedAt) < (_lies ? DistrustFor : TrustFor);

    private static Observation Explain(Observation asked, Exception problem) => problem switch
    {
        DnsResponseException { Code: DnsResponseCode.ConnectionTimeout } or OperationCanceledException => asked.Fails(FailureKind.Timeout, "the resolver did not answer in time"),
        DnsResponseException => asked.Fails(FailureKind.BadAnswer, $"the resolver's answer cannot be read: {problem.Message}"),
        System.Net.Sockets.SocketException socket => asked.Fails(FailureKind.Network, $"no way to the resolver ({socket.SocketErrorCode})"),
        _ => asked.Fails(FailureKind.BadAnswer, $"the resolver's answer cannot be read: {problem.Message}"),
    };

    /// <summary>A-labels, lower case. The client keeps both spellings of an internationalised name and puts the Unicode one into Value for owners, into Original for targets.</summary>
    private static string Normal(DnsString name) =>
        (System.Text.Ascii.IsValid(name.Value) ? name.Value : name.Original).TrimEnd('.').ToLower(CultureInfo.InvariantCulture);
}
