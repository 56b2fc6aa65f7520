using CsCheck;
using DomainGuard.Core.Domains;
using DomainGuard.Data.Domains;

namespace DomainGuard.Tests.Databases;

public sealed class ObservationCodecTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Every_answer_comes_back_as_it_went_in()
    {
        var text = Gen.String;
        var rdap = Gen.Select(text, text.List[0, 4], Gen.DateTimeOffset, Gen.Bool, (handle, statuses, at, hidden) => new Observation(SourceKind.Rdap, "rdap.example", Outcome.Answered, Now, TimeSpan.FromMilliseconds(12))
        {
            HttpStatus = 200,
            Rdap = new RdapFacts { Handle = handle, Statuses = statuses, RegisteredAt = at, ExpiryHidden = hidden, NameServers = ["a.example", "b.example"] },
        });
        var dns = Gen.Select(Gen.Enum<Delegation>(), Gen.Enum<MailRoute>(), text, (delegation, route, host) => new Observation(SourceKind.Dns, "dns", Outcome.Answered, Now, TimeSpan.Zero)
        {
            Dns = new DnsFacts { Delegation = delegation, SoaOwner = host, NameServers = [host], MailHosts = [new MailHostFacts(host, route, [host, "mx"])] },
        });
        Gen.OneOf(rdap, dns).Sample(observation =>
        {
            var row = ObservationCodec.Encode(7, observation);
            var back = ObservationCodec.Decode(row);
            return ObservationCodec.EncodeFacts(back) == ObservationCodec.EncodeFacts(observation) && ObservationCodec.Hash(back, row.Facts).SequenceEqual(row.FactsHash)
                && back.Rdap?.RegisteredAt == observation.Rdap?.RegisteredAt && back.Dns?.Delegation == observation.Dns?.Delegation && back.HttpStatus == observation.HttpStatus;
        }, iter: 2_000);
    }

    [Fact]
    public void A_moving_last_update_makes_no_new_answer()
    {
        var first = new Observation(SourceKind.Rdap, "h", Outcome.Answered, Now, TimeSpan.Zero) { Rdap = new RdapFacts { Handle = "X", DatabaseUpdatedAt = Now } };
        var second = first with { AskedAt = Now.AddDays(1), Rdap = first.Rdap with { DatabaseUpdatedAt = Now.AddDays(1) } };
        var changed = first with { Rdap = first.Rdap with { Handle = "Y" } };
        Assert.Equal(ObservationCodec.Encode(1, first).FactsHash, ObservationCodec.Encode(1, second).FactsHash);
        Assert.NotEqual(ObservationCodec.Encode(1, first).FactsHash, ObservationCodec.Encode(1, changed).FactsHash);
    }

    [Fact]
    public void Raw_answers_come_back_byte_by_byte() =>
        Gen.Byte.Array[1, 5_000].Sample(raw => ObservationCodec.Decompress(ObservationCodec.Compress(raw)).SequenceEqual(raw), iter: 500);

    [Fact]
    public void Reasons_fit_their_column_however_many_there_are()
    {
        var reasons = Enumerable.Range(0, 100).Select(i => new Reason(new string('é', 190) + i, SourceKind.Dns, Now)).ToList();
        var json = ObservationCodec.EncodeReasons(reasons)!;
        Assert.True(json.Length <= 4000);
        Assert.Equal(reasons[0], ObservationCodec.DecodeReasons(json)[0]);
        Assert.Null(ObservationCodec.EncodeReasons([]));
    }
}
