namespace DomainGuard.Simulator.Dns;

/// <summary>
/// What resolvers say of the pretend world: a name that is out of its parent's zone does not exist, by the word of the parent (RFC 2308, RFC 8020). Below a domain every
/// host exists but those whose name begins with "old": mail hosts that their owners gave up.
/// </summary>
internal sealed class Zone(World world)
{
    private const string Address = "192.0.2.25";

    internal DnsAnswer Answer(DnsQuestion question, DateTimeOffset now)
    {
        var (domain, suffix) = world.FindAbove(question.Name);
        if (question.Name == suffix)
        {
            return Negative(DnsCode.NoError, suffix);
        }

        var step = domain?.At(now);
        if (!SimulatedDomain.IsInZone(step))
        {
            return Negative(DnsCode.NameError, suffix);
        }

        if (step!.Holder.HasBrokenZone)
        {
            return new DnsAnswer(DnsCode.ServerFailure, [], []);
        }

        if (question.Name != domain!.Name && question.Name.StartsWith("old", StringComparison.Ordinal))
        {
            return Negative(DnsCode.NameError, domain.Name);
        }

        var records = Records(domain.Name, question.Name, question.Type, step.Holder).ToList();
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
            case DnsRecordType.Txt when name == domain:
                return [new DnsRecord(name, type, holder.Mail is MailKind.Mx ? "v=spf1 mx -all" : "v=spf1 -all")];
            default:
                return [];
        }
    }

    private static DnsAnswer Negative(DnsCode code, string owner) => new(code, [], [new DnsRecord(owner, DnsRecordType.Soa, $"a.nic.{owner}")]);
}
