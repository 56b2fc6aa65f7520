namespace DomainGuard.Simulator.Dns;

/// <summary>What resolvers say of the pretend world. The names of its servers and mail hosts resolve; everything else under a TLD does not exist.</summary>
internal sealed class Zone(World world)
{
    private const string Address = "192.0.2.25";

    internal DnsAnswer Answer(DnsQuestion question, DateTimeOffset now)
    {
        var (name, domain) = (question.Name, FindDomain(question.Name));
        if (domain is null)
        {
            return Negative(DnsCode.NameError, ParentOf(name));
        }

        var step = domain.At(now);
        if (!SimulatedDomain.IsInZone(step))
        {
            return Negative(DnsCode.NameError, ParentOf(domain.Name));
        }

        var records = Records(domain.Name, name, question.Type, step!.Holder).ToList();
        return records.Count > 0 ? new DnsAnswer(DnsCode.NoError, records, []) : Negative(DnsCode.NoError, domain.Name);
    }

    private static IEnumerable<DnsRecord> Records(string domain, string name, DnsRecordType type, Holder holder)
    {
        switch (type)
        {
            case DnsRecordType.Ns when name == domain:
                return holder.NameServers.Select(h => new DnsRecord(name, type, h));
            case DnsRecordType.Soa when name == domain:
                return [new DnsRecord(name, type, holder.NameServers[0])];
            case DnsRecordType.Mx when holder.Mail == MailKind.NullMx:
                return [new DnsRecord(name, type, "0 ")];
            case DnsRecordType.Mx when holder.Mail == MailKind.Mx && !name.StartsWith("mx", StringComparison.Ordinal):
                return holder.Exchanges.Select((h, i) => new DnsRecord(name, type, $"{10 * (i + 1)} {h}"));
            case DnsRecordType.A when holder.Mail != MailKind.None:
                return [new DnsRecord(name, type, Address)];
            default:
                return [];
        }
    }

    private SimulatedDomain? FindDomain(string name)
    {
        for (var start = 0; ; start = name.IndexOf('.', start) + 1)
        {
            if (world.Find(name[start..]) is { } domain)
            {
                return domain;
            }

            if (name.IndexOf('.', start) < 0)
            {
                return null;
            }
        }
    }

    private static DnsAnswer Negative(DnsCode code, string owner) => new(code, [], [new DnsRecord(owner, DnsRecordType.Soa, owner.Length == 0 ? "a.root-servers.net" : $"a.nic.{owner}")]);

    private static string ParentOf(string name)
    {
        var labels = name.Split('.');
        return labels.Length < 2 ? "" : labels.Length > 2 && labels[^2] is "co" or "com" ? $"{labels[^2]}.{labels[^1]}" : labels[^1];
    }
}
