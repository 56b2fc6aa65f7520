#!/usr/bin/env bash
# The take-over of stop-a-takeover.md from beginning to end, with fresh data in a temporary folder: needs the .NET SDK, bash, curl and GNU date. Ends with 0 only if every step came out as told.
# With --no-build it takes the programs as they were built last.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$(mktemp -d)
programs=()

clean_up() {
  status=$?
  for program in "${programs[@]}"; do kill "$program" 2>/dev/null || true; done
  for program in "${programs[@]}"; do wait "$program" 2>/dev/null || true; done
  if [ "$status" -ne 0 ]; then tail -n 5 "$folder"/*.log >&2 2>/dev/null || true; fi
  rm -rf "$folder"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

say() { printf '\n== %s\n' "$1"; }
told() { printf '   %s\n' "$1"; }
fail() { printf 'This did not come out as told: %s\n' "$1" >&2; exit 1; }

# holds TEXT PATTERN WHAT: shows what was answered, and ends where it is not as told.
holds() {
  told "$1"
  [[ $1 == *$2* ]] || fail "$3"
}

# until_so WHAT COMMAND...: at most two minutes.
until_so() {
  local what=$1 tries=0
  shift
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 240 ] || fail "$what"
    for program in "${programs[@]}"; do kill -0 "$program" 2>/dev/null || fail "$what: a program ended"; done
    sleep 0.5
  done
}

free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
}

field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" | head -n 1; } # of a flat answer; the programs' JSON has no blanks
entities() { sed 's/&amp;/\&/g; s/&#x2B;/+/g; s/&quot;/"/g'; }
text() { sed 's/<[^>]*>/ /g; s/  */ /g; s/^ //; s/ $//' | entities; }

guard() { # METHOD PATH [BODY]
  curl -fsS --max-time 590 -X "$1" "$guard_url$2" -H 'Authorization: Bearer dg_demo' ${3:+-H 'Content-Type: application/json' -d "$3"}
}

read_page() { curl -fsS -b "$folder/$1.cookies" -c "$folder/$1.cookies" "${!1}$2"; } # REGISTRY PATH
post_form() { # REGISTRY PATH FIELD=VALUE...: the status of the answer
  local registry=$1 path=$2 token
  shift 2
  token=$(read_page "$registry" "$path" | sed -n 's/.*__RequestVerificationToken"[^>]*value="\([^"]*\)".*/\1/p' | tail -n 1)
  local fields=(--data-urlencode "__RequestVerificationToken=$token") pair
  for pair in "$@"; do fields+=(--data-urlencode "$pair"); done
  curl -sS -o /dev/null -w '%{http_code}' -b "$folder/$registry.cookies" -c "$folder/$registry.cookies" "${fields[@]}" "${!registry}$path"
}

notice() { read_page gated /Notices | tr -d '\n' | sed 's/<tr>/\n<tr>/g' | text | grep -F "$1" | grep -F "$2"; } # KIND WHOM
lacks() { # REGISTRY PATH TEXT WHAT: a page that does not come ends the script
  local page
  page=$(read_page "$1" "$2")
  [[ $page != *"$3"* ]] || fail "$4"
}
answers() { curl -fsS -o /dev/null "$1"; }
scan_ended() { guard GET "/api/v1/scans/$1" | grep -q '"endedAt":"'; }
address() { guard GET /api/v1/accounts/registry-noor | sed 's/.*"addresses":\[\(.*\)\].*/\1/; s/"flags":\[[^]]*\],//'; }
seconds_to() { echo $(($(date -u -d "$1" +%s) - $(date -u -d "$(guard GET /demo/domains/noorcraft.to | field now)" +%s) + $2)); }
advance() { guard POST /demo/clock "{\"advance\":\"PT$1S\"}"; }

if [ "${1:-}" != --no-build ]; then
  dotnet build "$root/src/DomainGuard.Web" -v q -nologo
  dotnet build "$root/src/Examples/ExampleRegistry" -v q -nologo
fi

guard_port=$(free_port) gated_port=$(free_port) open_port=$(free_port)
guard_url=http://localhost:$guard_port gated=http://localhost:$gated_port open=http://localhost:$open_port
touch "$folder/gated.cookies" "$folder/open.cookies"
export ASPNETCORE_ENVIRONMENT=Development
program() { ls -t "$root/$1"/bin/*/net10.0/"$2" | head -n 1; }

say 'DomainGuard in its demonstration, and a receiver of its events'
cd "$root"
ASPNETCORE_URLS=$guard_url DomainGuard__DataDirectory=$folder/data DomainGuard__Webhooks__AllowedPrivateHosts__0=localhost:$gated_port \
  dotnet "$(program src/DomainGuard.Web domainguard.dll)" >"$folder/domainguard.log" 2>&1 &
programs+=($!)
until_so 'DomainGuard starts' answers "$guard_url/health"
receiver=$(guard POST /api/v1/webhooks "{\"name\":\"example registry\",\"url\":\"$gated/webhooks/domainguard\"}")
secret=$(field secret <<<"$receiver")
[[ $secret == whsec_* ]] || fail 'the receiver is added'
told "$(sed 's/"secret":"[^"]*"/"secret":"whsec_..."/' <<<"$receiver" | grep -o '"types".*' | cut -c 1-90)..."

say 'Two registries with the same people: one asks DomainGuard before a reset, the other nobody'
registry=$(program src/Examples/ExampleRegistry ExampleRegistry.dll)
dotnet "$registry" --urls "$gated" --Database "$folder/gated.db" --DomainGuard:BaseAddress "$guard_url" --Webhooks:Secret "$secret" >"$folder/gated.log" 2>&1 &
programs+=($!)
until_so 'the registry starts' answers "$gated"
dotnet "$registry" --urls "$open" --Database "$folder/open.db" --DomainGuard:BaseAddress "$guard_url" --Gate:Enabled false >"$folder/open.log" 2>&1 &
programs+=($!)
until_so 'the registry without the gate starts' answers "$open"
until_so 'the registry tells its accounts' guard GET /api/v1/accounts/registry-noor

say 'A look at noorcraft.to while it is still hers'
scan=$(guard POST /api/v1/scans '{"scope":"Domain","target":"noorcraft.to"}' | field id)
until_so 'the look ends' scan_ended "$scan"
holds "$(address)" '"state":"Verified","domain":"noorcraft.to","phase":"ExpiringSoon"' 'her address is verified, and her domain expiring soon'
until_so 'the registry hears that the domain expires' notice domain.expiring noorcraft.to
told "webhook: $(notice domain.expiring noorcraft.to | head -n 1)"

life=$(guard GET /demo/domains/noorcraft.to)
drop=$(grep -o '"from":"[^"]*","stage":"Gone"' <<<"$life" | cut -d '"' -f 4)
taken=$(grep -o '"from":"[^"]*","stage":"Live"' <<<"$life" | tail -n 1 | cut -d '"' -f 4)
say "She forgets to renew. Five minutes before the domain drops ($drop)"
told "clock: $(advance "$(seconds_to "$drop" -300)")"
holds "$(address)" '"state":"Verified","domain":"noorcraft.to","phase":"ExpiringSoon"' 'her address is verified'
seen=$(guard GET /api/v1/domains/noorcraft.to | field lastAnsweredAt)
told "last looked up: $seen"

say "Registered by a stranger 24 seconds after its drop ($taken). Twelve minutes later he asks for her password"
told "clock: $(advance "$(seconds_to "$taken" 720)")"
[ "$(guard GET /api/v1/domains/noorcraft.to | field lastAnsweredAt)" = "$seen" ] || fail 'no scan looked in the meantime'
holds "$(address)" '"state":"Verified","domain":"noorcraft.to","phase":"ExpiringSoon"' 'no scan has seen it yet'

say 'Without the gate'
told "he asks at /Forgot: $(post_form open /Forgot email=noor@noorcraft.to)"
link=$(read_page open /Mailbox | grep -o 'href="[^"]*/Reset[^"]*"' | cut -d '"' -f 2 | entities | head -n 1)
[ -n "$link" ] || fail 'the mail goes to the new holder'
told "the mail is his: $(cut -c 1-60 <<<"${link#"$open"}")..."
id=$(sed 's/.*[?&]id=\([^&]*\).*/\1/' <<<"$link") token=$(sed 's/.*[?&]token=\([^&]*\).*/\1/' <<<"$link")
holds "he sets a password: $(post_form open "${link#"$open"}" "id=$id" "token=$token" 'password=mine now')" 302 'the password is set'
holds "he signs in as noor: $(post_form open /SignIn user=noor 'password=mine now')" 302 'he is in'
holds "he publishes: $(post_form open /Publish package=dotpath version=1.0.1-evil)" 302 'the package is his'
holds "packages: $(read_page open / | grep -F '1.0.1-evil' | text)" 'dotpath 1.0.1-evil noor' 'the release is published in her name'

say 'With the gate'
told "he asks at /Forgot: $(post_form gated /Forgot email=noor@noorcraft.to)"
until_so 'the reset is withheld' notice 'reset withheld' 'noor: Deny'
told "$(notice 'reset withheld' 'noor: Deny' | head -n 1)"
lacks gated /Mailbox noorcraft.to 'no mail leaves'
told 'mailbox of noorcraft.to: nothing'
holds "$(address)" '"state":"Unverified","domain":"noorcraft.to","phase":"Active"' 'the address is un-verified'
case=$(address | field caseId)
holds "$(guard GET "/api/v1/cases/$case" | grep -o '"state":"[^}]*' | head -n 1)" '"situation":"Reregistered"' 'the case is raised'
for event in case.opened address.unverified; do
  until_so "the webhook $event is delivered" notice "$event" noorcraft.to
  told "webhook: $(notice "$event" noorcraft.to | head -n 1)"
done

say 'He reads the mail, so he verifies the address anew'
now=$(guard GET /demo/domains/noorcraft.to | field now)
holds "$(guard POST /api/v1/accounts/registry-noor/verifications "{\"email\":\"noor@noorcraft.to\",\"verifiedAt\":\"$now\",\"proof\":\"none\"}")" '"outcome":"contested"' 'it proves only who reads the mail'
holds "case: $(guard GET "/api/v1/cases/$case" | grep -o '"contested":[a-z]*' | head -n 1)" true 'the case is contested'
told "he asks again: $(post_form gated /Forgot email=noor@noorcraft.to)"
withheld_again() { [ "$(notice 'reset withheld' noor: | wc -l)" -ge 2 ]; }
until_so 'it is withheld again' withheld_again
lacks gated /Mailbox noorcraft.to 'no mail leaves'
told "$(notice 'reset withheld' noor: | head -n 1)"
lacks gated / 1.0.1-evil 'the package stays hers'
told "packages: $(read_page gated / | grep -F dotpath | text)"

say 'Every step came out as told'
