using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Text;
using DnsClient;
using DomainGuard.Core.Domains;
using Microsoft.Extensions.Options;

namespace DomainGuard.Lookups.Dns;

/// <summary>
/// Asks resolvers: delegation at the domain, MX (then addresses) at each mail host. The owner of the SOA in the authority section decides delegation (RFC 2308, RFC 8020);
/// SERVFAIL, REFUSED and silence are failures, and the next resolver is asked. A resolver that answers for a name that cannot exist is not believed.
/// </summary>
public sealed class DnsSource : IDomainSource
{
    private const int MailHostsAtOnce = 4;
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);
    private static readonly QueryType[] AddressTypes = [QueryType.A, QueryType.AAAA];

    private readonly Resolver[] _resolvers;
    private readonly TimeProvider _time;

    /// <summary>Makes the source over the configured resolvers, else over those of the operating system.</summary>
    public DnsSource(IOptions<LookupOptions> options, TimeProvider time)
    {
        _time = time;
        var dns = options.Value.Dns;
        IsEnabled = dns.Enabled;
        var servers = dns.Servers.Select(s => TryParseServer(s, out var e) ? new NameServer(e) : null).OfType<NameServer>().ToArray();
        if (servers.Length == 0 && dns.Enabled)
        {
            // Never a public resolver that nobody chose: questions tell whose accounts are watched.
            servers = [.. NameServer.ResolveNameServers(skipIPv6SiteLocal: true, fallbackToGooglePublicDns: false)];
        }

        _resolvers = [.. servers.Select(s => new Resolver(s, time))];
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
        // An address alone first, but for "[...]:port", of which it would swallow the port, and for a mere number, which it would take for 0.0.0.53.
        if (!text.StartsWith('[') && text.AsSpan().IndexOfAny('.', ':') >= 0 && IPAddress.TryParse(text, out var address))
        {
            server = new IPEndPoint(address, 53);
        }
        else if (text.EndsWith(']') && IPAddress.TryParse(text, out address))
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
        using var timeout = new CancellationTokenSource(CallTimeout, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel, timeout.Token);
        var answer = asked.Fails(FailureKind.Network, "no resolver is known; name one in DomainGuard:Lookups:Dns:Servers");
        var untrusted = false;
        foreach (var resolver in _resolvers.OrderBy(r => r.IsAvoided))
        {
            try
            {
                if (await resolver.LiesAsync(both.Token))
                {
                    untrusted = true;
                    continue;
                }

                answer = await AskAllAsync(resolver, asked, question, both.Token);
                (untrusted, var isAnswered) = (false, answer.Outcome == Outcome.Answered);
                if (isAnswered)
                {
                    break;
                }
            }
            catch (Exception problem) when (!cancel.IsCancellationRequested)
            {
                // Whatever a resolver's bytes can raise in the layers below is a failure of this resolver.
                (answer, untrusted) = (Explain(asked, problem), false);
            }

            if (timeout.IsCancellationRequested)
            {
                break;
            }
        }

        if (untrusted)
        {
            answer = asked.Fails(FailureKind.Untrusted, "the resolver answers for names that do not exist; use one that does not rewrite (DomainGuard:Lookups:Dns:Servers)");
        }

        return answer with { Duration = _time.GetElapsedTime(started) };
    }

    private static async Task<Observation> AskAllAsync(Resolver resolver, Observation asked, LookupQuestion question, CancellationToken cancel)
    {
        var ns = await resolver.AskAsync(question.Domain, QueryType.NS, cancel);
        if (!IsAnswer(ns))
        {
            return asked.Fails(FailureKind.ServerError, $"the resolver answered {ns.Header.ResponseCode} for {question.Domain}");
        }

        var raw = new ConcurrentQueue<string>([Describe(question.Domain, QueryType.NS, ns)]);
        var (delegation, soaOwner) = ReadDelegation(ns, question.Domain);
        if (delegation == Delegation.Unknown)
        {
            // Some resolvers leave the authority section out.
            var soa = await resolver.AskAsync(question.Domain, QueryType.SOA, cancel);
            raw.Enqueue(Describe(question.Domain, QueryType.SOA, soa));
            (delegation, soaOwner) = IsAnswer(soa) ? ReadDelegation(soa, question.Domain) : (delegation, soaOwner);
        }

        var nameServers = ns.Answers.NsRecords().Select(r => Normal(r.NSDName)).Distinct().Order(StringComparer.Ordinal).Take(50).ToList();
        var hosts = question.MailHosts.Count > 0 ? question.MailHosts : [question.Domain];
        var mail = new MailHostFacts[hosts.Count];
        if (delegation == Delegation.NxDomain)
        {
            // Nothing exists below a name that does not (RFC 8020).
            for (var i = 0; i < hosts.Count; i++)
            {
                mail[i] = new MailHostFacts(hosts[i], MailRoute.None, []);
            }
        }
        else
        {
            await Parallel.ForAsync(
                0,
                hosts.Count,
                new ParallelOptions { MaxDegreeOfParallelism = MailHostsAtOnce, CancellationToken = cancel },
                async (i, stop) => mail[i] = await AskMailAsync(resolver, hosts[i], raw, stop));
        }

        Array.Sort(mail, (a, b) => string.CompareOrdinal(a.Host, b.Host));
        return asked with
        {
            Outcome = Outcome.Answered,
            Raw = Encoding.UTF8.GetBytes(string.Concat(raw.Order(StringComparer.Ordinal))),
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

    /// <summary>
    /// Delegation by the answer to NS (or SOA) at the domain. Sample of a negative answer: NXDOMAIN, authority "com. SOA a.gtld-servers.net. ...".
    /// Seen in the wild: NXDOMAIN without any authority, which decides nothing.
    /// </summary>
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

    // One mail host that cannot be found out does not spoil what is known of the domain.
    private static async Task<MailHostFacts> AskMailAsync(Resolver resolver, string host, ConcurrentQueue<string> raw, CancellationToken cancel)
    {
        try
        {
            return await ReadMailAsync(resolver, host, raw, cancel);
        }
        catch (Exception) when (!cancel.IsCancellationRequested)
        {
            return new MailHostFacts(host, MailRoute.Unknown, []);
        }
    }

    private static async Task<MailHostFacts> ReadMailAsync(Resolver resolver, string host, ConcurrentQueue<string> raw, CancellationToken cancel)
    {
        var mx = await resolver.AskAsync(host, QueryType.MX, cancel);
        raw.Enqueue(Describe(host, QueryType.MX, mx));
        if (!IsAnswer(mx))
        {
            return new MailHostFacts(host, MailRoute.Unknown, []);
        }

        if (mx.Header.ResponseCode == DnsHeaderResponseCode.NotExistentDomain)
        {
            return new MailHostFacts(host, MailRoute.None, []);
        }

        var exchanges = mx.Answers.MxRecords().Select(r => Normal(r.Exchange)).Distinct().Order(StringComparer.Ordinal).Take(50).ToList();
        if (exchanges.Count > 0)
        {
            // RFC 7505: a null MX stands alone; beside others it is an error, and the others count.
            return exchanges is [""] ? new MailHostFacts(host, MailRoute.NullMx, []) : new MailHostFacts(host, MailRoute.Mx, [.. exchanges.Where(e => e.Length > 0)]);
        }

        foreach (var type in AddressTypes)
        {
            var addresses = await resolver.AskAsync(host, type, cancel);
            raw.Enqueue(Describe(host, type, addresses));
            if (addresses.Answers.AddressRecords().Any())
            {
                return new MailHostFacts(host, MailRoute.ImplicitMx, []);
            }

            if (!IsAnswer(addresses))
            {
                return new MailHostFacts(host, MailRoute.Unknown, []);
            }
        }

        return new MailHostFacts(host, MailRoute.None, []);
    }

    private static bool IsAnswer(IDnsQueryResponse answer) => answer.Header.ResponseCode is DnsHeaderResponseCode.NoError or DnsHeaderResponseCode.NotExistentDomain;

    /// <summary>What came back, as text in the manner of zone files: the raw answer that is kept.</summary>
    private static string Describe(string name, QueryType type, IDnsQueryResponse answer)
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"; {name} {type}: {answer.Header.ResponseCode}\n");
        foreach (var record in answer.Answers)
        {
            text.Append(record).Append('\n');
        }

        foreach (var record in answer.Authorities)
        {
            text.Append("; authority ").Append(record).Append('\n');
        }

        return text.ToString();
    }

    private static Observation Explain(Observation asked, Exception problem) => problem switch
    {
        DnsResponseException { Code: DnsResponseCode.ConnectionTimeout } or OperationCanceledException => asked.Fails(FailureKind.Timeout, "the resolver did not answer in time"),
        DnsResponseException { InnerException: System.Net.Sockets.SocketException inner } => asked.Fails(FailureKind.Network, $"no way to the resolver ({inner.SocketErrorCode})"),
        System.Net.Sockets.SocketException socket => asked.Fails(FailureKind.Network, $"no way to the resolver ({socket.SocketErrorCode})"),
        _ => asked.Fails(FailureKind.BadAnswer, $"the resolver's answer cannot be read: {problem.Message}"),
    };

    /// <summary>A-labels, lower case. The client keeps both spellings of an internationalised name and puts the Unicode one into Value for owners, into Original for targets.</summary>
    private static string Normal(DnsString name) =>
        (System.Text.Ascii.IsValid(name.Value) ? name.Value : name.Original).TrimEnd('.').ToLower(CultureInfo.InvariantCulture);
}
