#include "doctor/filter.h"

#include "catch.h"

namespace weir::doctor {

namespace {

Probe probe_of(Protocol protocol, Port first, Port last) {
  Probe probe;
  probe.protocol = protocol;
  probe.first = first;
  probe.last = last;
  probe.mark = 1;
  probe.inbound = "lan";
  probe.client = Prefix::parse("192.0.2.0/24").value();
  probe.destination = Prefix::parse("0.0.0.0/0").value();
  probe.own = {Address::parse("192.0.2.1").value()};
  return probe;
}

const Probe web = probe_of(Protocol::tcp, 80, 80);
const Probe dns = probe_of(Protocol::udp, 53, 53);
const Probe any_tcp = probe_of(Protocol::tcp, 1, 65535);

Probe over_v6(Probe probe) {
  probe.family = Family::v6;
  probe.client = Prefix::parse("fd00:1::/64").value();
  probe.destination = Prefix::parse("::/0").value();
  return probe;
}

Fate in_iptables(const std::string& rules, const Probe& probe = web,
                 const std::string& policy = "ACCEPT") {
  const Filter filter = filter_of_iptables(
      "iptables", Family::v4,
      "*filter\n:INPUT " + policy + " [0:0]\n:in - [0:0]\n:WEIR - [0:0]\n:WEIR-INPUT - [0:0]\n" +
          rules + "COMMIT\n");
  REQUIRE(filter.bases.size() == 1);
  return judge(filter, filter.bases.front(), probe).fate;
}

// A chain with rules of those expressions, one a string.
Fate in_nft(const std::vector<std::string>& rules, const Probe& probe = web,
            const std::string& policy = "accept", const std::string& more = "") {
  std::string text =
      R"({"nftables": [{"chain": {"family": "inet", "table": "fw", "name": "lan_in"}},
          {"chain": {"family": "inet", "table": "fw", "name": "input", "type": "filter",
                     "hook": "input", "prio": 0, "policy": ")" +
      policy + "\"}}" + more;
  for (const std::string& rule : rules) {
    text += R"(, {"rule": {"family": "inet", "table": "fw", "chain": "input", "handle": 3,
                           "expr": [)" +
            rule + "]}}";
  }
  const auto filters = filters_of_nft(json_or_null(text + "]}"));
  REQUIRE(filters.size() == 1);
  REQUIRE(filters.front().bases.size() == 1);
  return judge(filters.front(), filters.front().bases.front(), probe).fate;
}

std::string match(const std::string& left, const std::string& right,
                  const std::string& operation = "==") {
  return R"({"match": {"op": ")" + operation + R"(", "left": )" + left + R"(, "right": )" + right +
         "}}";
}
const std::string accept = R"({"accept": null})";
const std::string drop = R"({"drop": null})";
const std::string reject = R"({"reject": {"type": "icmpx", "expr": "admin-prohibited"}})";
const std::string iifname = R"({"meta": {"key": "iifname"}})";
const std::string tcp_dport = R"({"payload": {"protocol": "tcp", "field": "dport"}})";
const std::string state = R"({"ct": {"key": "state"}})";

}  // namespace

TEST_CASE("iptables: a policy of drop refuses what no rule accepts") {
  CHECK(in_iptables("", web, "DROP") == Fate::refused);
  CHECK(in_iptables("", web) == Fate::passes);
  CHECK(in_iptables("-A INPUT -i lo -j ACCEPT\n", web, "DROP") == Fate::refused);
  CHECK(in_iptables("-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n", web, "DROP") == Fate::refused);
  CHECK(in_iptables("-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n", web,
                    "DROP") == Fate::refused);
  CHECK(in_iptables("-A INPUT -m mark --mark 0x2/0x2 -j ACCEPT\n", web, "DROP") == Fate::refused);
  CHECK(in_iptables("-A INPUT -i lan -j LOG\n", web, "DROP") == Fate::refused);
}

TEST_CASE("iptables: the mark, the interface, the socket or the port let a packet in") {
  for (const char* match :
       {"-m mark --mark 0x1/0x1", "-i lan", "-i la+", "! -i wan",
        "-m socket --nowildcard --transparent", "-m socket --transparent --nowildcard",
        "-p tcp -m tcp --dport 80", "-p tcp -m multiport --dports 22,80,443", "-s 192.0.2.0/24",
        "-m conntrack --ctstate NEW", "-m comment --comment \"what is \\\"in\\\"\" -i lan",
        "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN", "! -s 10.0.0.0/8"}) {
    INFO(match);
    CHECK(in_iptables(std::string("-A INPUT ") + match + " -j ACCEPT\n", web, "DROP") ==
          Fate::passes);
  }
}

TEST_CASE("iptables: a match on sockets leaves out weir's listener, unless it asks for such") {
  CHECK(in_iptables("-A INPUT -m socket --transparent -j ACCEPT\n", web, "DROP") == Fate::refused);
  CHECK(in_iptables("-A INPUT -m socket -j ACCEPT\n", web, "DROP") == Fate::refused);
  CHECK(in_iptables("-A INPUT -m socket --nowildcard -j DROP\n") == Fate::refused);
}

TEST_CASE("iptables: weir's own chain in INPUT lets in what is intercepted") {
  const std::string rule =
      "-A WEIR-INPUT -m mark --mark 0x1/0x1 -m socket --nowildcard --transparent -j ACCEPT\n";
  CHECK(in_iptables("-A INPUT -j WEIR-INPUT\n-A INPUT -j REJECT\n" + rule) == Fate::passes);
  CHECK(in_iptables("-A INPUT -j REJECT\n-A INPUT -j WEIR-INPUT\n" + rule) == Fate::refused);
  CHECK(in_iptables("-A INPUT -j REJECT\n" + rule) == Fate::refused);
}

TEST_CASE("iptables: a last reject or drop counts like a policy") {
  CHECK(in_iptables("-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n"
                    "-A INPUT -j REJECT --reject-with icmp-host-prohibited\n") == Fate::refused);
  CHECK(in_iptables("-A INPUT -j in\n-A in -m addrtype --dst-type LOCAL -j RETURN\n"
                    "-A in -j DROP\n") == Fate::refused);
  CHECK(in_iptables("-A INPUT -g in\n-A INPUT -j DROP\n-A in -i wan -j DROP\n") == Fate::passes);
  CHECK(in_iptables("-A INPUT -j in\n-A INPUT -j DROP\n-A in -i lan -j RETURN\n") == Fate::refused);
}

TEST_CASE("iptables: what is refused for a part only is told apart") {
  CHECK(in_iptables("-A INPUT -s 192.0.2.66/32 -j DROP\n") == Fate::partly_refused);
  CHECK(in_iptables("-A INPUT -s 192.0.2.66/32 -j ACCEPT\n", web, "DROP") == Fate::refused);
  CHECK(in_iptables("-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n", any_tcp, "DROP") ==
        Fate::refused);
  CHECK(in_iptables("-A INPUT -s 10.0.0.0/8 -j DROP\n") == Fate::passes);
  CHECK(in_iptables("-A INPUT -d 192.0.2.1/32 -j DROP\n") == Fate::passes);
  CHECK(in_iptables("-A INPUT -d 224.0.0.0/4 -j DROP\n") == Fate::passes);
}

TEST_CASE("iptables: a match that is not understood is never taken for good") {
  CHECK(in_iptables("-A INPUT -m set --match-set good src -j ACCEPT\n", web, "DROP") ==
        Fate::uncertain);
  CHECK(in_iptables("-A INPUT -m limit --limit 3/min -j DROP\n") == Fate::uncertain);
  CHECK(in_iptables("-A INPUT -m limit --limit 3/min -j LOG --log-prefix \"[UFW BLOCK] \"\n") ==
        Fate::passes);
  CHECK(in_iptables("-A INPUT -m set --match-set good src -j ACCEPT\n") == Fate::passes);
  CHECK(in_iptables("-A INPUT -j NFQUEUE --queue-num 1\n") == Fate::uncertain);
  CHECK(in_iptables("-A INPUT -j MARK --set-xmark 0x1/0x1\n"
                    "-A INPUT -m mark --mark 0x1/0x1 -j ACCEPT\n",
                    web, "DROP") == Fate::uncertain);
}

TEST_CASE("iptables: weir's own rules are no obstacle") {
  CHECK(in_iptables("-A INPUT -j WEIR\n-A WEIR -j REJECT\n") == Fate::passes);
}

TEST_CASE("iptables: the step that decides is the one that is named") {
  const Filter filter = filter_of_iptables(
      "iptables", Family::v4,
      "*filter\n:INPUT ACCEPT [0:0]\n:in - [0:0]\n-A INPUT -j in\n-A in -p udp -j DROP\n"
      "-A in -j DROP\nCOMMIT\n");
  const Judgement judgement = judge(filter, filter.bases.front(), web);
  REQUIRE(judgement.step != nullptr);
  CHECK(judgement.step->text == "-A in -j DROP");
}

TEST_CASE("nft: a policy of drop, a last reject, and what lets packets in before") {
  CHECK(in_nft({}, web, "drop") == Fate::refused);
  CHECK(in_nft({reject}) == Fate::refused);
  CHECK(in_nft({R"({"log": {"prefix": "x"}}, )" + reject}) == Fate::refused);
  for (const std::string& condition :
       {match(iifname, R"("lan")"), match(iifname, R"({"set": ["guest", "la*"]})"),
        match(R"({"&": [{"meta": {"key": "mark"}}, 1]})", "1"), match(tcp_dport, "80"),
        match(tcp_dport, R"({"set": [22, {"range": [80, 90]}]})"), match(tcp_dport, "1024", "<"),
        match(state, R"("new")", "in"), match(state, R"({"set": ["established", "new"]})"),
        match(R"({"socket": {"key": "transparent"}})", "1"),
        match(R"({"payload": {"protocol": "ip", "field": "saddr"}})",
              R"({"prefix": {"addr": "192.0.2.0", "len": 24}})"),
        match(R"({"payload": {"protocol": "ip", "field": "saddr"}})", R"("@net")", "=="),
        match(R"({"fib": {"result": "type", "flags": ["daddr", "mark"]}})", R"("local")"),
        match(R"({"&": [{"payload": {"protocol": "tcp", "field": "flags"}},
                        ["fin", "syn", "rst", "ack"]]})",
              R"("syn")"),
        match(R"({"concat": [{"meta": {"key": "iifname"}}, )" + tcp_dport + "]}",
              R"({"set": [{"concat": ["lan", 80]}]})"),
        match(R"({"meta": {"key": "l4proto"}})", R"({"set": ["tcp", "udp"]})") + ", " +
            match(R"({"payload": {"protocol": "th", "field": "dport"}})", "80")}) {
    INFO(condition);
    CHECK(in_nft({condition + ", " + accept}, web, "drop",
                 R"(, {"set": {"family": "inet", "table": "fw", "name": "net",
                      "elem": [{"prefix": {"addr": "192.0.0.0", "len": 8}}]}})") == Fate::passes);
  }
}

TEST_CASE("nft: what does not match an intercepted packet does not let it in") {
  for (const std::string& condition :
       {match(iifname, R"("lo")"), match(state, R"(["established", "related"])", "in"),
        match(R"({"fib": {"result": "type", "flags": ["daddr"]}})", R"("local")"),
        match(R"({"meta": {"key": "nfproto"}})", R"("ipv6")"),
        match(R"({"payload": {"protocol": "udp", "field": "dport"}})", "80"),
        match(R"({"payload": {"protocol": "udp", "field": "dport"}})", "53", "!="),
        match(R"({"ct": {"key": "status"}})", R"("dnat")", "in"),
        match(R"({"payload": {"protocol": "icmpv6", "field": "type"}})", R"("echo-request")"),
        match(R"({"payload": {"protocol": "icmpv6", "field": "type"}})", "1", "!=")}) {
    INFO(condition);
    CHECK(in_nft({condition + ", " + accept}, web, "drop") == Fate::refused);
  }
}

TEST_CASE("nft: verdict maps lead where they say") {
  const std::string lan_in = R"(, {"rule": {"family": "inet", "table": "fw", "chain": "lan_in",
                                  "expr": [)" +
                             match(tcp_dport, "80") + ", " + accept + "]}}";
  const std::string by_interface =
      R"({"vmap": {"key": {"meta": {"key": "iifname"}},
                   "data": {"set": [["lan", {"jump": {"target": "lan_in"}}],
                                    ["wan", {"drop": null}]]}}})";
  CHECK(in_nft({by_interface}, web, "drop", lan_in) == Fate::passes);
  CHECK(in_nft({by_interface}, dns, "drop", lan_in) == Fate::refused);
  CHECK(in_nft({R"({"vmap": {"key": {"ct": {"key": "state"}},
                             "data": {"set": [["new", {"drop": null}]]}}})"}) == Fate::refused);
  CHECK(in_nft({R"({"vmap": {"key": {"ct": {"key": "state"}}, "data": "@none"}})"}) ==
        Fate::uncertain);
}

TEST_CASE("nft: what is not understood is never taken for good") {
  const std::string ether =
      match(R"({"payload": {"protocol": "ether", "field": "saddr"}})", R"("02:00:00:00:00:01")");
  CHECK(in_nft({ether + ", " + accept}, web, "drop") == Fate::uncertain);
  CHECK(in_nft({R"({"limit": {"rate": 10, "per": "second"}}, )" + drop}) == Fate::uncertain);
  CHECK(in_nft({R"({"xt": {"type": "match", "name": "string"}}, )" + drop}) == Fate::uncertain);
  CHECK(in_nft({R"({"queue": {"num": 1}})"}) == Fate::uncertain);
  CHECK(in_nft({ether + ", " + accept}) == Fate::passes);
}

TEST_CASE("nft: each family meets its own conditions") {
  const std::string v4_only = match(R"({"meta": {"key": "nfproto"}})", R"("ipv4")");
  CHECK(in_nft({v4_only + ", " + accept}, over_v6(web), "drop") == Fate::refused);
  CHECK(in_nft({v4_only + ", " + accept}, web, "drop") == Fate::passes);
  CHECK(in_nft({match(R"({"payload": {"protocol": "ip6", "field": "saddr"}})",
                      R"({"prefix": {"addr": "fd00:1::", "len": 48}})") +
                ", " + accept},
               over_v6(web), "drop") == Fate::passes);
}

TEST_CASE("nft: what is forwarded leaves by an interface and has no socket") {
  Probe forwarded = web;
  forwarded.outbound = "wan";
  forwarded.mark = 0;
  CHECK(in_nft({match(R"({"meta": {"key": "oifname"}})", R"("wan")") + ", " + drop}, forwarded) ==
        Fate::refused);
  CHECK(in_nft({match(R"({"socket": {"key": "transparent"}})", "1") + ", " + drop}, forwarded) ==
        Fate::passes);
}

TEST_CASE("nft: weir's own table, and what is no listing, have no filters") {
  CHECK(filters_of_nft(json_or_null("{}")).empty());
  CHECK(filters_of_nft(json_or_null(R"({"nftables": [{"chain": 1}, 2]})")).empty());
  CHECK(filters_of_nft(json_or_null(
                           R"({"nftables": [{"chain": {"family": "inet", "table": "weir",
                               "name": "input", "type": "filter", "hook": "input",
                               "policy": "drop"}}]})"))
            .empty());
}

}  // namespace weir::doctor
