using System.Text;
using DomainGuard.Data.Accounts;
using DomainGuard.Web.Features.Imports;

namespace DomainGuard.Tests.Imports;

public sealed class NdjsonReaderOfAccountsTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Reads_an_account_with_all_its_addresses()
    {
        var items = await ReadAsync("""
            {"accountId":"u-1","userName":"Ada","twoFactor":true,"projects":3,"createdAt":"2020-01-01T00:00:00+02:00","addresses":[{"email":"a@example.com","primary":true,"verifiedAt":"2021-01-01T00:00:00Z"},{"email":"b@example.org"}]}

            {"accountId":7,"addresses":[]}
            """);

        Assert.Equal([1, 1, 3], items.Select(i => i.Line));
        var first = Assert.IsType<ImportGood>(items[0]);
        Assert.Equal(("u-1", "Ada", true, 3L, new DateTimeOffset(2019, 12, 31, 22, 0, 0, TimeSpan.Zero)), (first.Account.ExternalId, first.Account.UserName, first.Account.TwoFactor, first.Account.Projects, first.Account.CreatedAt));
        Assert.Equal(("b@example.org", false, null), (((ImportGood)items[1]).Address!.Email.Text, ((ImportGood)items[1]).Address!.IsPrimary, ((ImportGood)items[1]).Address!.VerifiedAt));
        Assert.Equal(("7", null), (((ImportGood)items[2]).Account.ExternalId, ((ImportGood)items[2]).Address));
    }

    [Theory]
    [InlineData("[1]", "")]
    [InlineData("{\"accountId\":\"1\"", "")]
    [InlineData("{\"accountId\":\"1\",\"accountId\":\"2\"}", "")]
    [InlineData("{\"accountId\":\"1\",\"\\ud800\":1}", "")]
    [InlineData("{\"accountId\":\"1\",\"addresses\":[[[[[[[[[[]]]]]]]]]]}", "")]
    [InlineData("{\"addresses\":[]}", "accountId")]
    [InlineData("{\"accountId\":{}}", "accountId")]
    [InlineData("{\"accountId\":\"\\ud800\"}", "accountId")]
    [InlineData("{\"accountId\":\"1\",\"projects\":1.5}", "projects")]
    [InlineData("{\"accountId\":\"1\",\"addresses\":{}}", "addresses")]
    [InlineData("{\"accountId\":\"1\",\"addresses\":[1]}", "addresses")]
    [InlineData("{\"accountId\":\"1\",\"addresses\":[{\"email\":\"nobody\"}]}", "email")]
    [InlineData("{\"accountId\":\"1\",\"addresses\":[{\"email\":\"a@example.com\",\"verifiedAt\":\"2026-01-01\"}]}", "verifiedAt")]
    [InlineData("{\"accountId\":\"1\",\"addresses\":[{\"email\":\"a@example.com\",\"proof\":\"password\"}]}", "proof")]
    [InlineData("{\"accountId\":\"1\",\"addresses\":[{\"email\":\"a@example.com\",\"proof\":2}]}", "proof")]
    public async Task A_bad_line_is_rejected_with_its_field_and_the_next_is_read(string line, string field)
    {
        var items = await ReadAsync(line + "\n{\"accountId\":\"2\"}\n");

        Assert.Equal((1, field), (items[0].Line, Assert.IsType<ImportBad>(items[0]).Field));
        Assert.Equal(2, Assert.IsType<ImportGood>(items[1]).Line);
    }

    [Theory]
    [InlineData("", ClaimProof.None)]
    [InlineData(",\"proof\":null", ClaimProof.None)]
    [InlineData(",\"proof\":\"none\"", ClaimProof.None)]
    [InlineData(",\"proof\":\"session\"", ClaimProof.Session)]
    [InlineData(",\"proof\":\"second_factor\"", ClaimProof.SecondFactor)]
    public async Task Reads_what_a_verification_proved(string said, ClaimProof proof)
    {
        var item = Assert.Single(await ReadAsync("{\"accountId\":\"1\",\"addresses\":[{\"email\":\"a@example.com\",\"verifiedAt\":\"2021-01-01T00:00:00Z\"" + said + "}]}"));
        Assert.Equal(proof, Assert.IsType<ImportGood>(item).Address!.Proof);
    }

    [Fact]
    public async Task Takes_a_thousand_addresses_and_rejects_one_more()
    {
        static string Account(int count) => "{\"accountId\":\"1\",\"addresses\":[" + string.Join(',', Enumerable.Range(0, count).Select(i => $"{{\"email\":\"a{i}@example.com\"}}")) + "]}";

        Assert.Equal(1_000, (await ReadAsync(Account(1_000))).Count(i => i is ImportGood));
        Assert.Equal("addresses", Assert.IsType<ImportBad>(Assert.Single(await ReadAsync(Account(1_001)))).Field);
    }

    [Fact]
    public async Task Passes_over_a_line_of_ten_megabytes_without_keeping_it()
    {
        var bytes = Encoding.UTF8.GetBytes($"{{\"accountId\":\"1\",\"userName\":\"{new string('x', 10 * 1024 * 1024)}\"}}\n{{\"accountId\":\"2\"}}\n");
        var before = GC.GetAllocatedBytesForCurrentThread();
        var items = await ReadAsync(new MemoryStream(bytes));
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal([(1, false), (2, true)], items.Select(i => (i.Line, i is ImportGood)));
        Assert.InRange(allocated, 0, 8 * 1024 * 1024);
    }

    [Theory]
    [InlineData("{\"accountId\":\"1\",\"userName\":\"Zo\u00EB\"}\n")]
    [InlineData("{\"accountId\":\"1\",\"Zo\u00EB\":1}\n")]
    public async Task Latin_1_is_refused_wherever_it_stands(string line)
    {
        var problem = await Assert.ThrowsAsync<ImportUnreadableException>(() => ReadAsync(new MemoryStream(Encoding.Latin1.GetBytes("{\"accountId\":\"0\"}\n" + line))));
        Assert.Contains("line 2", problem.Message, StringComparison.Ordinal);
        Assert.Contains("iconv", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_file_is_refused() => await Assert.ThrowsAsync<ImportUnreadableException>(() => ReadAsync(""));

    [Fact]
    public async Task Unknown_members_are_noted_once()
    {
        List<string> notes = [];
        await ReadAsync(ImportWorld.Text("{\"accountId\":\"1\",\"shoeSize\":1}\n{\"accountId\":\"2\",\"shoeSize\":1,\"addresses\":[{\"email\":\"a@example.com\",\"ada@example.com\":1}]}\n"), notes);

        Assert.Equal(["The member 'shoeSize' is not known and not read.", "The member with an unusual name is not known and not read."], notes);
    }

    private static Task<List<ImportItem>> ReadAsync(string text) => ReadAsync(ImportWorld.Text(text));

    private static async Task<List<ImportItem>> ReadAsync(Stream stream, List<string>? notes = null)
    {
        List<ImportItem> items = [];
        await foreach (var item in NdjsonReaderOfAccounts.ReadAsync(await ImportText.OpenAsync(stream, CancellationToken.None), Now, n => notes?.Add(n), CancellationToken.None))
        {
            items.Add(item);
        }

        return items;
    }
}
