using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Data.Mails;
using DomainGuard.Web.Features.Notifications;

namespace DomainGuard.Tests.Notifications;

/// <summary>What strangers chose does no harm in a mail.</summary>
public sealed class MailTextTests
{
    [Theory]
    [InlineData("<script>alert(1)</script>", "account <script>alert(1)</script>\n")]
    [InlineData("u\r\nBcc: x@y.example", "account \u2068u\uFFFD\uFFFDBcc: x@y.example\u2069\n")]
    [InlineData("abc\u202Egnp.exe", "account \u2068abc\uFFFDgnp.exe\u2069\n")]
    [InlineData("a\u2069\u2028b", "account \u2068a\uFFFD\uFFFDb\u2069\n")]
    [InlineData("\u05D0\u05D1", "account \u2068\u05D0\u05D1\u2069\n")]
    public void The_name_of_an_account_stays_a_name(string account, string inText)
    {
        var words = MailText.Of(News(account), MailWorld.Root, default);
        Assert.Contains(inText, words.Text, StringComparison.Ordinal);
        Assert.Equal("DomainGuard: 1 high case (gone.com)", words.Subject);
        Assert.DoesNotContain("<script", words.Html, StringComparison.Ordinal);
        var document = new AngleSharp.Html.Parser.HtmlParser().ParseDocument(words.Html);
        Assert.Equal(MailText.Plain(account), Assert.Single(document.QuerySelectorAll("bdi")).TextContent);
        Assert.DoesNotContain(words.Html, c => c is '\r' or '\u202E' or '\u2028');
    }

    [Fact]
    public void What_a_server_said_is_kept_without_addresses_and_line_breaks() =>
        Assert.Equal("<(address)> is over quota", SendMails.Words(new IOException("<ada@staff.example>\r\n is  over quota")));

    private static MailedNews News(string account) => new()
    {
        Counts = new Dictionary<Severity, int> { [Severity.High] = 1 },
        Cases = [new MailedCase(7, Severity.High, "gone.com", account, Phase.Redemption, CaseState.NeedsReview, null, null)],
        What = new[] { NewsKind.CaseOpened }.ToLookup(_ => 7L),
        NoteCounts = new Dictionary<NewsKind, int>(),
        Notes = [],
        From = Severity.Low,
        IsDaily = false,
    };
}
