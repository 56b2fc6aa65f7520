using System.Text;
using CsCheck;
using DomainGuard.Lookups.Rdap;
using DomainGuard.TestSupport;

namespace DomainGuard.Tests.Lookups;

public sealed class RdapReaderTests
{
    private static RdapReading Read(string json, string name = "example.com") => RdapReader.Read(Encoding.UTF8.GetBytes(json), name);

    [Fact]
    public void Domain_object_gives_its_facts_in_one_spelling()
    {
        var reading = Read("""
            {"objectClassName":"domain","handle":"2336799_DOMAIN_COM-VRSN","ldhName":"EXAMPLE.COM.","status":["client delete prohibited","clientHold","client hold"],
             "events":[{"eventAction":"registration","eventDate":"1995-08-14T04:00:00Z"},{"eventAction":"expiration","eventDate":"2027-08-13T04:00:00.0Z"},
                       {"eventAction":"transfer","eventDate":"2012-01-01T00:00:00"},{"eventAction":"transfer","eventDate":"2010-01-01T00:00:00"},
                       {"eventAction":"last update of RDAP database","eventDate":"2026-11-24T10:00:00+01:00"}],
             "entities":[{"roles":["Technical"],"entities":[{"roles":["REGISTRAR"],"publicIds":[{"type":"IANA Registrar ID","identifier":376}],
                          "vcardArray":["vcard",[["version",{},"text","4.0"],["fn",{},"text","Sample Registrar"]]],
                          "events":[{"eventAction":"registration","eventDate":"2020-01-01T00:00:00Z"}]}]}],
             "nameservers":[{"ldhName":"B.IANA-SERVERS.NET."},{"ldhName":"a.iana-servers.net"}]}
            """);
        var facts = reading.Facts!;
        Assert.Equal(RdapReadingKind.Domain, reading.Kind);
        Assert.Equal("2336799_DOMAIN_COM-VRSN", facts.Handle);
        Assert.Equal(["client delete prohibited", "client hold"], facts.Statuses);
        Assert.Equal(new DateTimeOffset(1995, 8, 14, 4, 0, 0, TimeSpan.Zero), facts.RegisteredAt);
        Assert.Equal(new DateTimeOffset(2027, 8, 13, 4, 0, 0, TimeSpan.Zero), facts.ExpiresAt);
        Assert.Equal(2012, facts.LastTransferAt!.Value.Year);
        Assert.Equal(new DateTimeOffset(2026, 11, 24, 9, 0, 0, TimeSpan.Zero), facts.DatabaseUpdatedAt);
        Assert.Equal("376", facts.RegistrarIanaId);
        Assert.Equal("Sample Registrar", facts.RegistrarName);
        Assert.Equal(["a.iana-servers.net", "b.iana-servers.net"], facts.NameServers);
    }

    [Theory]
    [InlineData("<html><body>Too many requests</body></html>", RdapReadingKind.NotRdap)]
    [InlineData("""{"objectClassName":"domain","ldhName":"exam""", RdapReadingKind.NotRdap)]
    [InlineData("[]", RdapReadingKind.NotRdap)]
    [InlineData("", RdapReadingKind.NotRdap)]
    [InlineData("""{"objectClassName":"entity","handle":"x"}""", RdapReadingKind.NotRdap)]
    [InlineData("""{"objectClassName":"domain","ldhName":"example.org"}""", RdapReadingKind.WrongName)]
    [InlineData("""{"objectClassName":"domain","errorCode":"429","title":"slow"}""", RdapReadingKind.Error)]
    [InlineData("""{"objectClassName":"domain","ldhName":42,"status":"active","events":[null,{"eventAction":["x"]}],"entities":{},"nameservers":null}""", RdapReadingKind.Domain)]
    public void What_is_no_answer_is_told_from_what_is(string body, RdapReadingKind kind) => Assert.Equal(kind, Read(body).Kind);

    [Fact]
    public void Name_in_the_answer_may_be_unicode_upper_case_or_dotted() =>
        Assert.Equal(RdapReadingKind.Domain, Read("""{"objectClassName":"domain","ldhName":"","unicodeName":"BÜCHER.example."}""", "xn--bcher-kva.example").Kind);

    [Theory]
    [InlineData("""{"errorCode":404,"title":"Not Found","description":["This name is not available for registration:","Registry Reserved"]}""", true)]
    [InlineData("""{"errorCode":404,"title":"Not Found","description":["no such domain"],"notices":[{"title":"Terms","description":["All rights reserved"]}]}""", false)]
    public void Reserved_name_is_not_a_free_name(string body, bool reserved) => Assert.Equal(reserved, Read(body).SaysReserved);

    [Fact]
    public void Redactions_say_which_dates_are_hidden_by_policy()
    {
        var facts = Read("""
            {"objectClassName":"domain","ldhName":"example.com","redacted":[
              {"name":{"description":"Registry Domain Expiration Date"},"method":"removal"},
              {"name":{"type":"Registrar Registration Expiration Date"}},{"name":"broken"},null]}
            """).Facts!;
        Assert.True(facts.ExpiryHidden);
        Assert.False(facts.RegistrationHidden);
    }

    [Theory]
    [InlineData("2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z")]
    [InlineData("2027-01-01T00:00:00", "2027-01-01T00:00:00Z")]
    [InlineData("2027-01-01T00:00:00+0000", "2027-01-01T00:00:00Z")]
    [InlineData("2027-01-01T00:30:00+01:00", "2026-12-31T23:30:00Z")]
    [InlineData("2027-01-01T00:00:00-03:00", "2027-01-01T03:00:00Z")]
    [InlineData("2027-01-01T00:00:00.123456789Z", "2027-01-01T00:00:00.1234567Z")]
    [InlineData("2026-12-31T23:59:60Z", "2027-01-01T00:00:00Z")]
    [InlineData("2027-01-01", "2027-01-01T00:00:00Z")]
    [InlineData("2027-01-01 12:00:00", "2027-01-01T12:00:00Z")]
    [InlineData("294247-01-10T04:00:54Z", "9999-12-31T23:59:59.9999999Z")]
    [InlineData("2027-02-30T00:00:00Z", null)]
    [InlineData("tomorrow", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    [InlineData("2027-01-01T00:00:00+99:00", null)]
    public void Dates_are_read_as_servers_write_them(string? text, string? utc) =>
        Assert.Equal(utc is null ? null : DateTimeOffset.Parse(utc, System.Globalization.CultureInfo.InvariantCulture), RdapDates.Parse(text));

    [Fact]
    public void Any_text_is_a_date_or_absent() =>
        Gen.OneOf(Gen.String, Gen.String["0123456789-:TZ.+ "]).Sample(text => RdapDates.Parse(text) is null or { Offset.Ticks: 0 }, iter: 20_000);

    [Fact]
    public void Any_bytes_are_read_without_throwing()
    {
        var sample = Encoding.UTF8.GetBytes("""{"objectClassName":"domain","ldhName":"example.com","status":["active"],"events":[{"eventAction":"expiration","eventDate":"2027-01-01T00:00:00Z"}],"entities":[{"roles":["registrar"],"vcardArray":["vcard",[["fn",{},"text","R"]]]}]}""");
        Gen.Select(Gen.Int[0, sample.Length - 1], Gen.Byte, Gen.Int[0, sample.Length]).Sample((at, b, length) =>
        {
            var body = (byte[])sample.Clone();
            body[at] = b;
            return Enum.IsDefined(RdapReader.Read(body.AsMemory(0, length), "example.com").Kind);
        }, iter: 20_000);
    }

    [Fact]
    public void Every_captured_file_is_read()
    {
        var files = new[] { "rdap", "rdap-modelled" }.SelectMany(f => Directory.GetFiles(Fixtures.PathOf(f), "*.json")).ToList();
        Assert.True(files.Count > 30);
        Assert.All(files, file =>
        {
            var body = File.ReadAllBytes(file);
            using var json = System.Text.Json.JsonDocument.Parse(body);
            var name = json.RootElement.TryGetProperty("ldhName", out var ldh) && ldh.ValueKind == System.Text.Json.JsonValueKind.String ? ldh.GetString()! : "unknown.example";
            Assert.Equal(RdapReadingKind.Domain, RdapReader.Read(body, name.ToLowerInvariant().TrimEnd('.')).Kind);
        });
    }
}
