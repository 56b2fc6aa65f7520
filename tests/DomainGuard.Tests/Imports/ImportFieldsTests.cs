using System.Globalization;
using CsCheck;
using DomainGuard.Web.Features.Imports;

namespace DomainGuard.Tests.Imports;

public sealed class ImportFieldsTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.0000000")]
    [InlineData("2026-01-31t12:00:00z", "2026-01-31T12:00:00.0000000")]
    [InlineData(" 2026-01-31 12:00:00+00 ", "2026-01-31T12:00:00.0000000")]
    [InlineData("2026-01-31T12:00:00.123456789+05:30", "2026-01-31T06:30:00.1234560")]
    [InlineData("2026-01-31T23:30:00-01:00", "2026-02-01T00:30:00.0000000")]
    [InlineData("2026-03-02T11:59:59Z", "2026-03-02T11:59:59.0000000")]
    public void Takes_rfc_3339_with_an_offset(string text, string utc)
    {
        var fields = new ImportFields(Now);

        Assert.Equal(utc, fields.Instant("f", text)?.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffffff", CultureInfo.InvariantCulture));
        Assert.Null(fields.Field);
    }

    [Theory]
    [InlineData("2026-01-31")]
    [InlineData("2026-01-31T12:00:00")]
    [InlineData("01/31/2026 12:00:00Z")]
    [InlineData("31.01.2026 12:00:00 +00:00")]
    [InlineData("2026-02-30T12:00:00Z")]
    [InlineData("2026-01-31T24:00:00Z")]
    [InlineData("2026-01-31T12:00:00.Z")]
    [InlineData("2026-01-31T12:00:00+25:00")]
    [InlineData("2026-01-31T12:00:00+00:0")]
    [InlineData("0001-01-01T00:00:00+10:00")]
    [InlineData("1767225600")]
    [InlineData("2026-03-02T12:00:01Z")]
    [InlineData("1969-12-31T23:59:59Z")]
    public void Rejects_dates_that_could_mean_another_moment_or_cannot_be(string text)
    {
        var fields = new ImportFields(Now);

        Assert.Null(fields.Instant("f", text));
        Assert.Equal("f", fields.Field);
    }

    [Fact]
    public void Any_moment_comes_back_whatever_its_offset() =>
        Gen.Select(Gen.Long[0, 56L * 365 * 24 * 3600 * 1_000_000], Gen.Int[-14 * 60, 14 * 60]).Sample((micros, offset) =>
        {
            var moment = DateTimeOffset.UnixEpoch.AddTicks(micros * 10).ToOffset(TimeSpan.FromMinutes(offset));
            var fields = new ImportFields(Now);
            return fields.Instant("f", moment.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFzzz", CultureInfo.InvariantCulture)) == moment;
        });

    [Fact]
    public void Any_text_is_taken_or_rejected_and_never_repeated() =>
        Gen.String.Sample(text =>
        {
            var fields = new ImportFields(Now);
            fields.Instant("a", text);
            fields.Number("b", text);
            fields.Flag("c", text);
            fields.Email("d", text);
            return fields.Reason is not { } reason || text.Trim().Length < 4 || !reason.Contains(text.Trim(), StringComparison.Ordinal);
        });

    [Theory]
    [InlineData("true", true)]
    [InlineData("1", true)]
    [InlineData("YES", true)]
    [InlineData("False", false)]
    [InlineData("0", false)]
    [InlineData("no", false)]
    [InlineData("", null)]
    public void Takes_the_usual_words_for_true_and_false(string text, bool? flag) => Assert.Equal(flag, new ImportFields(Now).Flag("f", text));

    [Theory]
    [InlineData("9223372036854775807", true)]
    [InlineData("9223372036854775808", false)]
    [InlineData("+1", false)]
    [InlineData("1,000", false)]
    [InlineData("1e3", false)]
    public void Takes_whole_numbers_only(string text, bool isTaken)
    {
        var fields = new ImportFields(Now);

        fields.Number("f", text);
        Assert.Equal(isTaken, fields.Field is null);
    }
}
