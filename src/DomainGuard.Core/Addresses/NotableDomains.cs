using System.Collections.Frozen;

namespace DomainGuard.Core.Addresses;

/// <summary>
/// Large mail providers: an answer that such a name is gone is far likelier an error of ours, so nothing is un-verified there without a person.
/// </summary>
public static class NotableDomains
{
    private static readonly FrozenSet<string> Names = FrozenSet.Create(
        StringComparer.Ordinal,
        "gmail.com", "googlemail.com", "google.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "hotmail.co.uk", "hotmail.fr",
        "live.co.uk", "outlook.fr", "microsoft.com", "yahoo.com", "ymail.com", "rocketmail.com", "yahoo.co.uk", "yahoo.co.jp", "yahoo.fr",
        "yahoo.de", "yahoo.co.in", "aol.com", "icloud.com", "me.com", "mac.com", "apple.com", "proton.me", "protonmail.com", "pm.me",
        "tutanota.com", "tuta.io", "tuta.com", "fastmail.com", "fastmail.fm", "hey.com", "zoho.com", "zohomail.com", "mail.com",
        "email.com", "gmx.com", "gmx.de", "gmx.net", "gmx.at", "web.de", "t-online.de", "freenet.de", "posteo.de", "mailbox.org",
        "orange.fr", "wanadoo.fr", "free.fr", "laposte.net", "sfr.fr", "libero.it", "virgilio.it", "tiscali.it", "alice.it", "seznam.cz",
        "centrum.cz", "wp.pl", "o2.pl", "onet.pl", "interia.pl", "mail.ru", "yandex.ru", "yandex.com", "rambler.ru", "bk.ru", "inbox.ru",
        "list.ru", "ukr.net", "qq.com", "163.com", "126.com", "yeah.net", "sina.com", "foxmail.com", "aliyun.com", "naver.com", "daum.net",
        "hanmail.net", "kakao.com", "rediffmail.com", "uol.com.br", "bol.com.br", "terra.com.br", "comcast.net", "verizon.net", "att.net",
        "sbcglobal.net", "bellsouth.net", "cox.net", "charter.net", "earthlink.net", "rogers.com", "shaw.ca", "bigpond.com",
        "optusnet.com.au", "btinternet.com", "sky.com", "virginmedia.com", "ziggo.nl", "kpnmail.nl", "xs4all.nl", "telenet.be",
        "bluewin.ch", "users.noreply.github.com", "duck.com", "simplelogin.com", "relay.firefox.com", "privaterelay.appleid.com");

    /// <summary>Every name on the list, in no order.</summary>
    public static IReadOnlyCollection<string> All => Names;

    /// <summary>The name is on the list.</summary>
    /// <param name="name">Registrable domain or mail host, A-labels, lower case.</param>
    public static bool IsNotable(string name) => Names.Contains(name);
}
