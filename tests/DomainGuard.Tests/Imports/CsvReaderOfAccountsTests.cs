using System.Text;
using CsCheck;
using DomainGuard.Web.Features.Imports;

namespace DomainGuard.Tests.Imports;

public sealed class CsvReaderOfAccountsTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Reads_columns_in_any_order_past_a_byte_order_mark()
    {
        var items = await ReadAsync("\uFEFFemail,TWO_FACTOR, account_id ,projects\nAda@Example.com,yes,u-1,7\n");

        var good = Assert.IsType<ImportGood>(Assert.Single(items));
        Assert.Equal(("u-1", true, 7L, "Ada@example.com", 2), (good.Account.ExternalId, good.Account.TwoFactor, good.Account.Projects, good.Address!.Email.Text, good.Line));
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\r")]
    public async Task Counts_physical_lines_through_quoted_line_ends_and_empty_lines(string end)
    {
        var items = await ReadAsync(string.Join(end, "account_id,email,display_name", "1,a@example.com,\"two", "lines, \"\"quoted\"\"\"", "", "2,,x", "3,c@example.com,y"));

        Assert.Equal([2, 5, 6], items.Select(i => i.Line));
        Assert.Equal("email", Assert.IsType<ImportBad>(items[1]).Field);
    }

    [Fact]
    public async Task A_display_name_with_a_line_end_is_rejected_as_a_control_character_and_quotes_are_read()
    {
        var items = await ReadAsync("account_id,email,display_name\n1,a@example.com,\"a\nb\"\n2,b@example.com,\"Ada \"\"the\"\" first, countess\"\n");

        Assert.Equal("display_name", Assert.IsType<ImportBad>(items[0]).Field);
        Assert.Equal("Ada \"the\" first, countess", Assert.IsType<ImportGood>(items[1]).Account.DisplayName);
    }

    [Fact]
    public async Task Passes_over_a_line_of_ten_megabytes_without_keeping_it()
    {
        var big = new string('x', 10 * 1024 * 1024);
        var bytes = Encoding.UTF8.GetBytes($"account_id,email\n1,a@example.com\n2,{big}@example.com\n3,c@example.com\n\"4,{big}\n\n5,e@example.com\n");
        var before = GC.GetAllocatedBytesForCurrentThread();
        var items = await ReadAsync(new MemoryStream(bytes));
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal([(2, true), (3, false), (4, true), (5, false), (7, true)], items.Select(i => (i.Line, i is ImportGood)));
        Assert.InRange(allocated, 0, 8 * 1024 * 1024);
    }

    [Fact]
    public async Task An_unclosed_quote_is_told_with_the_line_that_opens_it()
    {
        var items = await ReadAsync("account_id,email\n1,a@example.com\n2,\"b@example.com\n3,c@example.com\n");

        var bad = Assert.IsType<ImportBad>(items[^1]);
        Assert.Equal(2, items.Count);
        Assert.Equal((3, true), (bad.Line, bad.Reason.Contains("never closed", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("1,a\"b@example.com")]
    [InlineData("1,\"a\"b@example.com")]
    [InlineData("1")]
    [InlineData("1,a@example.com,more")]
    public async Task A_row_that_cannot_be_taken_apart_is_rejected_and_the_next_is_read(string row)
    {
        var items = await ReadAsync($"account_id,email\r\n{row}\r\n2,b@example.com\r\n");

        Assert.Equal([(2, false), (3, true)], items.Select(i => (i.Line, i is ImportGood)));
    }

    [Fact]
    public async Task Nul_bytes_and_bad_fields_are_rejected_with_their_field_and_account()
    {
        var items = await ReadAsync("account_id,email,projects,two_factor,verified_at\n1,a\0b@example.com,,,\n2,b@example.com,-1,,\n3,c@example.com,,perhaps,\n4,d@example.com,,,2026-03-03T12:00:00Z\n,e@example.com,,,\n");

        Assert.Equal(["email", "projects", "two_factor", "verified_at", "account_id"], items.Select(i => Assert.IsType<ImportBad>(i).Field));
        Assert.Equal(["1", "2", "3", "4", null], items.Select(i => ((ImportBad)i).ExternalId));
    }

    [Theory]
    [InlineData("utf-16", "iconv -f UTF-16")]
    [InlineData("utf-16BE", "iconv -f UTF-16")]
    [InlineData("utf-32", "iconv -f UTF-16")]
    [InlineData("latin1", "iconv -f ISO-8859-1")]
    public async Task Other_encodings_are_refused_with_the_way_to_convert_them(string encoding, string advice)
    {
        var bytes = Encoding.GetEncoding(encoding).GetBytes("account_id,email,display_name\n1,a@example.com,Zoë\n");

        var problem = await Assert.ThrowsAsync<ImportUnreadableException>(() => ReadAsync(new MemoryStream(bytes)));
        Assert.Contains(advice, problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("id,email\n", "no column account_id")]
    [InlineData("account_id;email\n", "separated by semicolons")]
    [InlineData("account_id,email,email\n", "twice")]
    [InlineData("\u001F\u008B\u0008", "compressed")]
    [InlineData("PK\u0003\u0004rest", "compressed")]
    public async Task A_file_that_is_no_list_of_accounts_is_refused_with_its_reason(string text, string reason)
    {
        var problem = await Assert.ThrowsAsync<ImportUnreadableException>(() => ReadAsync(new MemoryStream(Encoding.Latin1.GetBytes(text))));
        Assert.Contains(reason, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unknown_columns_are_noted_and_never_repeat_what_could_be_an_address()
    {
        List<string> notes = [];
        await ReadAsync(ImportWorld.Text("account_id,email,shoe_size,ada@example.com\n1,a@example.com,7,x\n"), notes);

        Assert.Equal(["The column 'shoe_size' is not known and not read.", "The column with an unusual name is not known and not read."], notes);
    }

    [Fact]
    public void Any_fields_come_back_as_they_were_written_whatever_the_size_of_the_reads() =>
        Gen.Select(Gen.String[Gen.Char[" ,\"\r\nxü漢\t"], 0, 8].Array[1, 5].Array[1, 12], Gen.Int[1, 7]).Sample((records, read) =>
        {
            var wide = records.Select(r => r.Prepend("x").ToArray()).ToArray();
            var text = string.Concat(wide.Select(r => string.Join(',', r.Select(f => '"' + f.Replace("\"", "\"\"", StringComparison.Ordinal) + '"')) + "\r\n"));
            var csv = new CsvRecords(new Trickle(Encoding.UTF8.GetBytes(text), read));
            foreach (var record in wide)
            {
                Assert.Equal(CsvRead.Record, csv.ReadAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult());
                Assert.Equal(record, Enumerable.Range(0, csv.Count).Select(i => csv[i]));
            }

            Assert.Equal(CsvRead.End, csv.ReadAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult());
        });

    [Fact]
    public void Any_bytes_end_and_line_numbers_never_fall() =>
        Gen.String[Gen.Char["a,\"\r\n"], 0, 40].Sample(text =>
        {
            var csv = new CsvRecords(new Trickle(Encoding.UTF8.GetBytes(text), 3));
            var (line, records) = (0, 0);
            while (csv.ReadAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult() != CsvRead.End)
            {
                Assert.True(csv.Line > line);
                line = csv.Line;
                Assert.True(++records <= text.Length);
            }

            Assert.Equal(1 + text.Replace("\r\n", "\n", StringComparison.Ordinal).Count(c => c is '\r' or '\n'), csv.Line);
        });

    private static Task<List<ImportItem>> ReadAsync(string text) => ReadAsync(ImportWorld.Text(text));

    private static async Task<List<ImportItem>> ReadAsync(Stream stream, List<string>? notes = null)
    {
        List<ImportItem> items = [];
        await foreach (var item in CsvReaderOfAccounts.ReadAsync(await ImportText.OpenAsync(stream, CancellationToken.None), Now, n => notes?.Add(n), CancellationToken.None))
        {
            items.Add(item);
        }

        return items;
    }

    /// <summary>Gives a few bytes at a time, as a pipe may.</summary>
    private sealed class Trickle(byte[] bytes, int most) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => base.ReadAsync(buffer[..Math.Min(most, buffer.Length)], cancellationToken);
    }
}
