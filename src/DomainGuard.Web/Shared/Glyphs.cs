using Microsoft.AspNetCore.Components;

namespace DomainGuard.Web.Shared;

/// <summary>The icons of the console: insides of SVGs on a grid of 24, drawn with a stroke of 1.7 in the colour of the text.</summary>
internal static class Glyphs
{
    public const string Overview = """<rect x="3.5" y="3.5" width="7" height="9" rx="1.5"/><rect x="13.5" y="3.5" width="7" height="5" rx="1.5"/><rect x="13.5" y="11.5" width="7" height="9" rx="1.5"/><rect x="3.5" y="15.5" width="7" height="5" rx="1.5"/>""";
    public const string Domains = """<circle cx="12" cy="12" r="8.5"/><path d="M3.5 12h17M12 3.5c2.6 2.6 3.6 5.4 3.6 8.5s-1 5.9-3.6 8.5c-2.6-2.6-3.6-5.4-3.6-8.5s1-5.9 3.6-8.5z"/>""";
    public const string Accounts = """<circle cx="9" cy="8.5" r="3.2"/><path d="M3.5 19c.4-3.4 2.5-5 5.5-5s5.1 1.6 5.5 5M15.5 5.6a3 3 0 0 1 0 5.8M17.3 14.4c1.9.7 3 2.2 3.2 4.6"/>""";
    public const string Scans = """<path d="M19.5 8A8.5 8.5 0 1 0 20.5 12"/><path d="M12 12 19 5"/><circle cx="12" cy="12" r="3.5"/>""";
    public const string Sources = """<rect x="4" y="4.5" width="16" height="6.5" rx="1.5"/><rect x="4" y="13" width="16" height="6.5" rx="1.5"/><path d="M7.5 7.8h.1M7.5 16.3h.1"/>""";
    public const string Gate = """<path d="M4 20V7l4-2.5V20M20 20V7l-4-2.5V20M8 9h8M8 14h8M3 20h18"/>""";
    public const string Import = """<path d="M4 7h16M4 17h7M15 14l3 3-3 3"/>""";
    public const string Jobs = """<circle cx="12" cy="12" r="3"/><path d="M12 3.5v3M12 17.5v3M3.5 12h3M17.5 12h3M6 6l2.1 2.1M15.9 15.9 18 18M18 6l-2.1 2.1M8.1 15.9 6 18"/>""";
    public const string Sliders = """<path d="M5 6h14M5 12h14M5 18h14"/><circle cx="9" cy="6" r="2" fill="var(--surface)"/><circle cx="15" cy="12" r="2" fill="var(--surface)"/><circle cx="8" cy="18" r="2" fill="var(--surface)"/>""";
    public const string Chain = """<path d="M10 13.5a4 4 0 0 0 5.9.4l2.6-2.6a4 4 0 0 0-5.7-5.7L11.5 7"/><path d="M14 10.5a4 4 0 0 0-5.9-.4l-2.6 2.6a4 4 0 0 0 5.7 5.7l1.3-1.4"/>""";
    public const string Export = """<path d="M12 4v11M7.5 11l4.5 4.5 4.5-4.5M4.5 20h15"/>""";
    public const string Search = """<circle cx="10.5" cy="10.5" r="6"/><path d="m15 15 5 5"/>""";
    public const string Theme = """<circle cx="12" cy="12" r="4"/><path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M18.4 5.6 17 7M7 17l-1.4 1.4"/>""";
    public const string Check = """<path d="m5 12.5 4.5 4.5L19 7.5"/>""";
    public const string Close = """<path d="M6 6l12 12M18 6 6 18"/>""";
    public const string Pause = """<path d="M8 5v14M16 5v14"/>""";
    public const string Play = """<path d="M7 4.5v15l12-7.5z"/>""";
    public const string Right = """<path d="m9 6 6 6-6 6"/>""";
    public const string Left = """<path d="m15 6-6 6 6 6"/>""";
    public const string First = """<path d="m17 6-6 6 6 6M7 6v12"/>""";
    public const string Last = """<path d="m7 6 6 6-6 6M17 6v12"/>""";
    public const string Down = """<path d="m6 9 6 6 6-6"/>""";
    public const string Up = """<path d="m6 15 6-6 6 6"/>""";
    public const string Alert = """<path d="M12 4 2.8 19.5h18.4zM12 10v4.5M12 17v.2"/>""";
    public const string Info = """<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5M12 8v.2"/>""";
    public const string Stop = """<path d="M8.5 3.5h7l5 5v7l-5 5h-7l-5-5v-7zM12 8v5M12 16v.2"/>""";
    public const string Filter = """<path d="M4 5h16l-6.2 7.5V19l-3.6-2v-4.5z"/>""";
    public const string Package = """<path d="M12 3.5 4 7.5v9l8 4 8-4v-9zM4 7.5l8 4 8-4M12 11.5v9"/>""";
    public const string Lock = """<rect x="4.5" y="10.5" width="15" height="10" rx="2"/><path d="M8 10.5V8a4 4 0 0 1 8 0v2.5"/>""";
    public const string Verified = """<path d="M12 3.5 5 6v5.5c0 4.5 3 7.5 7 9 4-1.5 7-4.5 7-9V6z"/><path d="m8.8 12 2.3 2.3 4.3-4.8"/>""";
    public const string Unverified = """<path d="M12 3.5 5 6v5.5c0 4.5 3 7.5 7 9 4-1.5 7-4.5 7-9V6z"/><path d="m9.3 9.3 5.4 5.4M14.7 9.3l-5.4 5.4"/>""";
    public const string Passkey = """<path d="M6 11a6 6 0 0 1 12 0v2M9 11a3 3 0 0 1 6 0v3c0 2-.4 3.5-1 5M12 11v3.5c0 2.2-.6 4-1.5 5.5M6 14.5c0 1.5-.3 2.5-.8 3.5"/>""";
    public const string SingleSignOn = """<path d="M12 3.5 5 6v5.5c0 4.5 3 7.5 7 9 4-1.5 7-4.5 7-9V6z"/><circle cx="12" cy="10" r="2.2"/><path d="M8.5 16c.5-1.9 1.8-2.8 3.5-2.8s3 .9 3.5 2.8"/>""";
    public const string Staff = """<rect x="4" y="4.5" width="16" height="15" rx="2"/><circle cx="9.5" cy="10.5" r="2"/><path d="M6.5 16c.4-1.8 1.5-2.6 3-2.6s2.6.8 3 2.6M14.5 9.5h3M14.5 13h3"/>""";
    public const string SignOut = """<path d="M14 4.5H6.5a1 1 0 0 0-1 1v13a1 1 0 0 0 1 1H14M10.5 12h9.5M16.5 8.5 20 12l-3.5 3.5"/>""";
    public const string Plug = """<path d="M9 3.5V8M15 3.5V8M6.5 8h11v3a5.5 5.5 0 0 1-11 0zM12 16.5v4"/>""";
    public const string Mail = """<rect x="3.5" y="5.5" width="17" height="13" rx="2"/><path d="m4 7 8 6 8-6"/>""";
    public const string More = """<path d="M4 7h16M4 12h16M4 17h16"/>""";
    public const string Dots = """<circle cx="5.5" cy="12" r=".8" fill="currentColor"/><circle cx="12" cy="12" r=".8" fill="currentColor"/><circle cx="18.5" cy="12" r=".8" fill="currentColor"/>""";
    public const string Hands = """<path d="M4 8.5h13M13.5 4.5l4 4-4 4M20 15.5H7M10.5 11.5l-4 4 4 4"/>""";
    public const string Clock = """<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5.2l3.3 2"/>""";
    public const string Rescan = """<path d="M4 11a8 8 0 0 1 14-4.2L20 9M20 4.5V9h-4.5M20 13a8 8 0 0 1-14 4.2L4 15M4 19.5V15h4.5"/>""";
    public const string CheckCircle = """<circle cx="12" cy="12" r="8.5"/><path d="m8 12.3 2.8 2.8L16 9.5"/>""";
    public const string Minus = """<circle cx="12" cy="12" r="8.5"/><path d="M8 12h8"/>""";
    public const string Hourglass = """<path d="M6.5 3.5h11M6.5 20.5h11M8 3.5c0 4.5 2.5 6 4 8.5 1.5-2.5 4-4 4-8.5M8 20.5c0-4.5 2.5-6 4-8.5 1.5 2.5 4 4 4 8.5"/>""";
    public const string Hold = """<circle cx="12" cy="12" r="8.5"/><path d="M9.7 9v6M14.3 9v6"/>""";
    public const string LifeRing = """<circle cx="12" cy="12" r="8.5"/><circle cx="12" cy="12" r="3.5"/><path d="m6 6 3.5 3.5M18 6l-3.5 3.5M6 18l3.5-3.5M18 18l-3.5-3.5"/>""";
    public const string ClockBack = """<path d="M4 12a8 8 0 1 0 2.6-5.9L4 8.5M4 4v4.5h4.5"/><path d="M12 8v4.2l2.7 1.6"/>""";
    public const string Bin = """<path d="M4.5 6.5h15M9.5 6.5V4h5v2.5M6.5 6.5 7.5 20h9l1-13.5M10.3 10.5v5.5M13.7 10.5v5.5"/>""";
    public const string OpenLock = """<path d="M6 11V8a5.5 5.5 0 0 1 10.5-2.3"/><rect x="4.5" y="11" width="15" height="9.5" rx="2"/><path d="M12 14.5v2.5"/>""";
    public const string Question = """<circle cx="12" cy="12" r="8.5" stroke-dasharray="3.2 2.6"/><path d="M9.8 9.7c.2-1.3 1.1-2 2.3-2 1.3 0 2.3.8 2.3 2 0 1.7-2.3 1.8-2.3 3.6M12 16.3v.2"/>""";

    public const string Triage = """<path d="M4 6h10M4 12h8M4 18h6"/><path d="m15.5 16.5 2 2 3.5-4"/>""";
    public const string Eye = """<path d="M2.8 12c2-4 5.300-6.200 9.200-6.200s7.200 2.200 9.200 6.200c-2 4-5.300 6.200-9.200 6.200S4.800 16 2.800 12z"/><circle cx="12" cy="12" r="2.800"/>""";
    public const string Moon = """<path d="M19.500 14.300A8 8 0 0 1 9.700 4.500a8 8 0 1 0 9.800 9.800z"/>""";
    public const string ShieldClock = """<path d="M12 3.500 5 6v5.500c0 4.500 3 7.500 7 9 4-1.500 7-4.500 7-9V6z"/><path d="M12 8.200v3.900l2.600 1.600"/>""";
    public const string Return = """<path d="M4.500 10h9.500a5 5 0 0 1 0 10H9M8.500 6l-4 4 4 4"/>""";
    public const string Link = """<path d="M10 14l4-4M8.500 11 6 13.500a3.200 3.200 0 0 0 4.500 4.500L13 15.500M15.500 13l2.500-2.500A3.200 3.200 0 0 0 13.500 6L11 8.500"/>""";
    public const string Open = """<path d="M13.500 4.500h6v6M19.500 4.500l-8.500 8.500M10 5.500H5.500a1 1 0 0 0-1 1v12a1 1 0 0 0 1 1h12a1 1 0 0 0 1-1V14"/>""";
    public const string Person = """<circle cx="12" cy="8" r="3.500"/><path d="M5 20c.5-4 3.200-6 7-6s6.500 2 7 6"/>""";

    /// <summary>An icon as markup; decoration only, the word stands beside it.</summary>
    public static MarkupString Svg(string inside, string size = "s") => new($"""<svg class="i {size}" viewBox="0 0 24 24" aria-hidden="true">{inside}</svg>""");
}
