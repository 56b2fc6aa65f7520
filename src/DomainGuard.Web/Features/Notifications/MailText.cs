using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Data.Mails;
using DomainGuard.Web.Shared;

namespace DomainGuard.Web.Features.Notifications;

/// <summary>A case as a mail lists it: what it is now.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Severity">How urgent.</param>
/// <param name="Domain">Its domain, A-label.</param>
/// <param name="Account">Id of the account, as the platform gave it; null for a case of the whole domain.</param>
/// <param name="Phase">Phase of the domain.</param>
/// <param name="State">Where it stands.</param>
/// <param name="DropFrom">Earliest estimated drop.</param>
/// <param name="DropTo">Latest.</param>
internal sealed record MailedCase(long Id, Severity Severity, string Domain, string? Account, Phase Phase, CaseState State, DateTimeOffset? DropFrom, DateTimeOffset? DropTo);

/// <summary>Something that administrators are told.</summary>
/// <param name="Text">In words.</param>
/// <param name="Path">Its page.</param>
internal sealed record MailedNote(string Text, string Path);

/// <summary>Everything that one mail tells.</summary>
internal sealed record MailedNews
{
    /// <summary>Cases, counted by severity.</summary>
    public required IReadOnlyDictionary<Severity, int> Counts { get; init; }

    /// <summary>The worst of them, the worst first.</summary>
    public required IReadOnlyList<MailedCase> Cases { get; init; }

    /// <summary>What happened to each.</summary>
    public required ILookup<long, NewsKind> What { get; init; }

    /// <summary>What administrators are told, counted by kind.</summary>
    public required IReadOnlyDictionary<NewsKind, int> NoteCounts { get; init; }

    /// <summary>The latest of it.</summary>
    public required IReadOnlyList<MailedNote> Notes { get; init; }

    /// <summary>From which severity the reader wants it.</summary>
    public required Severity From { get; init; }

    /// <summary>It is a digest.</summary>
    public required bool IsDaily { get; init; }

    /// <summary>Nothing to say.</summary>
    public bool IsEmpty => Counts.Count == 0 && NoteCounts.Count == 0;
}

/// <summary>A mail in words.</summary>
internal sealed record MailWords(string Subject, string Text, string Html);

/// <summary>
/// Writes a mail, as text and as HTML. Account ids and names of receivers were chosen by strangers: they lose what controls a line or its direction, are encoded in HTML, and never stand in a header.
/// </summary>
internal static class MailText
{
    private static readonly Severity[] WorstFirst = [Severity.Critical, Severity.High, Severity.Medium, Severity.Low];

    /// <summary>News.</summary>
    /// <param name="news">What is told.</param>
    /// <param name="root">Where the console is.</param>
    /// <param name="now">Guard time: days to the drop are counted from it.</param>
    public static MailWords Of(MailedNews news, string root, DateTimeOffset now)
    {
        var page = new Page();
        var total = news.Counts.Values.Sum();
        if (total > 0)
        {
            page.Heading($"{Words.Count(total, "case")}: {string.Join(", ", WorstFirst.Where(news.Counts.ContainsKey).Select(s => $"{Words.Count(news.Counts[s])} {Lower(s)}"))}");
            foreach (var one in news.Cases)
            {
                page.Item(CaseWords.Of(one.Severity).Text, one.Domain, one.Account, Line(one, news.What[one.Id], now), root + $"/triage?case={one.Id.ToString(CultureInfo.InvariantCulture)}");
            }

            if (total > news.Cases.Count)
            {
                page.Link($"and {Words.Count(total - news.Cases.Count)} more", $"{root}/triage?view=open&severity={string.Join(',', WorstFirst.Where(s => s >= news.From).Select(Lower))}");
            }
        }

        if (news.Notes.Count > 0)
        {
            page.Heading("For administrators");
            foreach (var note in news.Notes)
            {
                page.Link(note.Text, root + note.Path);
            }

            var more = news.NoteCounts.Values.Sum() - news.Notes.Count;
            if (more > 0)
            {
                page.Link($"and {Words.Count(more)} more, in the history", root + "/audit");
            }
        }

        page.Foot($"You chose mail from severity {Lower(news.From)}, {(news.IsDaily ? "once a day" : "at once")}.", root + "/me");
        return page.End(Subject(news, total));
    }

    /// <summary>A test.</summary>
    public static MailWords Test(string root)
    {
        var page = new Page();
        page.Heading("Mail from DomainGuard reaches you");
        page.Link("You asked for this test on your page. The console", root + "/");
        page.Foot("Choose there what you are mailed.", root + "/me");
        return page.End("DomainGuard: test");
    }

    /// <summary>What a stranger chose, in one line that keeps its direction to itself: without control characters, invisible ones and line breaks; in isolates (UAX 9) where it is not plain ASCII.</summary>
    internal static string Plain(string text)
    {
        var kept = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            kept.Append(Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator ? "\uFFFD" : rune.ToString());
        }

        var clean = kept.ToString();
        return Ascii.IsValid(clean) ? clean : $"\u2068{clean}\u2069";
    }

    private static string Subject(MailedNews news, int total)
    {
        List<string> parts = [];
        if (total > 0)
        {
            var worst = Array.Find(WorstFirst, news.Counts.ContainsKey);
            var count = news.Counts[worst];
            parts.Add($"{Words.Count(count)} {Lower(worst)} {(count == 1 ? "case" : "cases")}{(total > count ? $", {Words.Count(total - count)} less severe" : total == 1 && news.Cases is [{ Domain.Length: < 100 } only] ? $" ({only.Domain})" : "")}");
        }

        Add(NewsKind.BatchBraked, "batch behind the brake", "batches behind the brake");
        Add(NewsKind.ScanVoid, "void scan", "void scans");
        Add(NewsKind.ReceiverOff, "receiver switched off", "receivers switched off");
        return $"DomainGuard{(news.IsDaily ? " today" : "")}: {string.Join("; ", parts)}";

        void Add(NewsKind kind, string one, string many)
        {
            if (news.NoteCounts.TryGetValue(kind, out var count))
            {
                parts.Add(Words.Count(count, one, many));
            }
        }
    }

    private static string Line(MailedCase one, IEnumerable<NewsKind> what, DateTimeOffset now)
    {
        List<string> parts = [Words.Of(one.Phase).Text, CaseWords.Of(one.State).Text];
        if (one.DropFrom is not null && one.DropTo is not null)
        {
            var days = Words.DropDays(one.DropFrom, one.DropTo, now);
            parts.Add(days is "overdue" ? "drop overdue" : $"drop in {days} {(days == "1" ? "day" : "days")}");
        }

        parts.AddRange(what.Distinct().Order().Select(k => k switch
        {
            NewsKind.CaseOpened => "opened",
            NewsKind.CaseReopened => "reopened",
            NewsKind.Contested => "verified anew, contested",
            _ => "a recovery mail was refused: somebody is knocking",
        }));
        return string.Join(" · ", parts);
    }

    private static string Lower(Severity severity) => CaseWords.Of(severity).Css;

    // The two bodies, written side by side.
    private sealed class Page
    {
        private const string Font = "font-family:system-ui,-apple-system,'Segoe UI',sans-serif;font-size:14px;line-height:1.45";
        private readonly StringBuilder _text = new();
        private readonly StringBuilder _html = new($"<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>DomainGuard</title></head><body style=\"{Font}\">");

        public void Heading(string text)
        {
            _text.Append(_text.Length == 0 ? "" : "\n").Append(text).Append("\n\n");
            _html.Append(CultureInfo.InvariantCulture, $"<h1 style=\"font-size:17px\">{Encode(text)}</h1>");
        }

        public void Item(string severity, string domain, string? account, string line, string link)
        {
            var whose = account is null ? "the whole domain" : "account " + Plain(account);
            _text.Append(CultureInfo.InvariantCulture, $"{severity}: {domain}, {whose}\n{line}\n{link}\n\n");
            var htmlWhose = account is null ? "the whole domain" : $"account <bdi>{Encode(Plain(account))}</bdi>";
            _html.Append(CultureInfo.InvariantCulture, $"<p><b>{Encode(severity)}</b>: <a href=\"{Encode(link)}\">{Encode(domain)}</a>, {htmlWhose}<br>{Encode(line)}</p>");
        }

        public void Link(string text, string link)
        {
            _text.Append(CultureInfo.InvariantCulture, $"{text}\n{link}\n\n");
            _html.Append(CultureInfo.InvariantCulture, $"<p><a href=\"{Encode(link)}\"><bdi>{Encode(text)}</bdi></a></p>");
        }

        public void Foot(string text, string link)
        {
            _text.Append(CultureInfo.InvariantCulture, $"-- \n{text} {link}\n");
            _html.Append(CultureInfo.InvariantCulture, $"<p style=\"border-top:1px solid;padding-top:8px\">{Encode(text)} <a href=\"{Encode(link)}\">Your page</a></p>");
        }

        public MailWords End(string subject) => new(subject, _text.ToString(), _html.Append("</body></html>").ToString());

        private static string Encode(string text) => HtmlEncoder.Default.Encode(text);
    }
}
