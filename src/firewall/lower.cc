// Three things that nft does and iptables cannot, and what is done instead.
//
// 1. `-m socket` tests a socket's mark only by copying it over the packet's (--restore-skmark), so
//    it is asked only where there is no other way: for UDP, to tell weir's sockets towards servers
//    from those that replies leave from. A datagram that finds a transparent socket thereby loses
//    the mark bits of others; every other packet keeps them.
// 2. Rules that match several prefixes need chains of their own, and a verdict found there must end
//    the rules of weir without ending those of others. So a match in such a chain sets the
//    bypass-mark on the packet, returns, and the next rule leaves for good, for a chain that takes
//    it off again. REJECT is not allowed here at all: the bypass-mark stays on, and `filter`
//    refuses the packet (of what the router itself sends: what carries weir's mark alone).
//    The same is done with what nat is going to translate (shell_nat.h).
// 3. Labels of connection tracking are for some kernels a module more, and used where nothing else
//    will do. That a datagram which looks like an answer is for weir is told by the socket that
//    weir speaks from in its receiver's name, which does not outlive weir.
//
// Where it stands: TPROXY is allowed in mangle's PREROUTING alone, which others use for marks. WEIR
// is the first there, and what is for weir leaves with ACCEPT, so that no later rule sees it: a
// CONNMARK rule would put an old mark in place of weir's, a rule that accepts what carries some
// mark would keep answers from weir's sockets, `rpfilter --validmark` would take weir's mark for a
// forgery. WEIR-LOCAL is the first in OUTPUT for the same reasons. `raw`, and tables of nft that
// come later, see what they see with nft (policy_rules.cc).
//
// Translation comes after mangle. `-m socket` asks connection tracking for a client's address from
// before a masquerade, but not for an ICMPv6 error: of those a label tells that the connection is
// weir's.
//
// The shape is the plan's: WEIR looks at every packet, WEIR-DECIDE holds the rules in order.
#include "firewall/lower.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "firewall/labels.h"
#include "firewall/lower_decisions.h"
#include "firewall/lower_step.h"
#include "firewall/redirects.h"
#include "firewall/steps.h"

namespace weir::firewall {

namespace {

constexpr std::string_view filter = "filter";

class Lowering {
 public:
  Lowering(const Plan& plan, Family family)
      : plan_(plan), family_(family), leaves_by_mark_(leaves_by_mark(plan, family)) {}

  Plan lower() {
    out_.family = family_;
    out_.port = plan_.port;
    out_.mark = plan_.mark;
    out_.bypass_mark = plan_.bypass_mark;
    out_.gateway = plan_.gateway;
    out_.counters = plan_.counters;
    entry();
    if (plan_.find("decide") != nullptr) {
      decisions({"decide", "WEIR-", "WEIR-NAT-IN", "WEIR-NAT-PREROUTING"});
    }
    verdicts();
    local();
    redirects();
    refused();
    return std::move(out_);
  }

 private:
  Chain& add(std::string name, std::string_view table = mangle) {
    return out_.chains.emplace_back(Chain{.name = std::move(name), .table = table});
  }

  void append(Chain& chain, const Step& lowered) const {
    for (Step& line : lines_of(lowered, plan_, family_)) {
      chain.steps.push_back(std::move(line));
    }
  }

  // All steps of a chain. What explains a step that comes to nothing here explains the next.
  void append_all(Chain& chain, const std::vector<Step>& steps) const {
    std::string why;
    for (const Step& each : steps) {
      Step said = each;
      if (said.why.empty()) {
        said.why = std::exchange(why, "");
      }
      const std::size_t before = chain.steps.size();
      append(chain, said);
      why = chain.steps.size() == before ? said.why : "";
    }
  }

  [[nodiscard]] Mark refusal() const { return {plan_.bypass_mark.value, plan_.both_marks().mask}; }
  [[nodiscard]] match::PacketMark matched() const { return {plan_.bypass_mark}; }

  [[nodiscard]] bool is_local() const { return plan_.find("output") != nullptr; }
  [[nodiscard]] bool intercepts() const { return plan_.find("intercept") != nullptr; }

  // --- What comes in

  void entry() {
    const Chain& prerouting = *plan_.find("prerouting");
    Chain weir{.name = "WEIR", .hooks = {{Hook::Point::prerouting, -150, {}, {}}}, .table = mangle};
    diverted(weir);
    Chain own_udp{.name = "WEIR-OWN-UDP", .table = mangle};
    Chain own_tcp{.name = "WEIR-OWN-TCP", .table = mangle};
    own(weir, own_udp, own_tcp);
    Chain deliver{.name = "WEIR-DELIVER", .why = plan_.find("deliver")->why, .table = mangle};
    append_all(deliver, plan_.find("deliver")->steps);

    // A list of interfaces that are not for clients cannot be negated in one line: the others are
    // named with each step that follows.
    std::optional<match::InInterface> clients;
    for (const Step& each : prerouting.steps) {
      const auto* in = find<match::InInterface>(each.when);
      if (find<match::ForSocket>(each.when) != nullptr) {
        continue;  // own() above
      }
      if (in != nullptr && in->negated) {
        clients = match::InInterface{in->names};
        continue;
      }
      Step line = each;
      if (clients) {
        line.when.insert(line.when.begin(), *clients);
      }
      if (auto* to = std::get_if<act::Goto>(&line.then.back()); to != nullptr) {
        const auto* flow = find<match::Flow>(line.when);
        to->chain =
            flow->tcp.empty() && plan_.find("answers") != nullptr ? "WEIR-UDP" : "WEIR-DECIDE";
      }
      append(weir, line);
    }
    for (Chain* chain : {&weir, &own_udp, &own_tcp, &deliver}) {
      out_.chains.push_back(std::move(*chain));
    }
  }

  // What the router itself sends comes in on lo, marked. First of all, for the socket that a UDP
  // reply leaves from would take the mark off; what belongs to a connection finds it by itself.
  void diverted(Chain& weir) const {
    if (plan_.find("diverted") == nullptr) {
      return;
    }
    weir.steps.push_back(step({match::InInterface{{"lo"}}, match::PacketMark{plan_.both_marks()}},
                              {act::Goto{"WEIR-INTERCEPT"}},
                              "what the router itself sends, diverted by "
                              "WEIR-LOCAL"));
  }

  // `-m socket` leaves out listeners. Of TCP it need not ask for a mark: an answer from a server is
  // a SYN with ACK, or no SYN, and so no client's new connection.
  void own(Chain& weir, Chain& udp, Chain& tcp) const {
    const match::ForSocket socket{.bound = true};
    if (labels_opened()) {
      Step errors =
          step({match::Protocol4{Layer4::icmp}, match::Tracked{match::Tracked::State::related},
                match::Label{label::opened}},
               {act::Goto{"WEIR-DELIVER"}});
      errors.optional = true;
      weir.steps.insert(weir.steps.begin(), std::move(errors));
    }
    weir.steps.push_back(step(
        {match::Protocol4{Layer4::udp}, match::ForSocket{.bound = true, .restores_mark = true}},
        {act::Jump{udp.name}}, "packets for sockets of weir's own"));
    Conditions of_tcp = {match::Protocol4{Layer4::tcp}, socket};
    if (plan_.gateway == Ruleset::Gateway::is_down) {
      // Only connections that a gateway left in TIME_WAIT. New ones of the same client go on.
      of_tcp.insert(of_tcp.begin() + 1, match::Opening{.negated = true});
    }
    weir.steps.push_back(step(std::move(of_tcp), {act::Goto{tcp.name}}));
    weir.steps.push_back(
        step({match::Protocol4{Layer4::icmp}, socket}, {act::Goto{"WEIR-DELIVER"}}));

    udp.steps.push_back(
        step({matched()}, {act::Goto{"WEIR-DELIVER"}}, plan_.find("own")->steps.at(1).why));
    udp.steps.push_back(step({}, {clear({0, 0xffffffff})}));
    std::vector<Step> datagrams;
    for (const Step& each : plan_.find("own")->steps) {
      const auto* protocol = find<match::Protocol4>(each.when);
      const bool opens = find<match::Opening>(each.when) != nullptr;
      if (protocol != nullptr && only_action<act::Return>(each) == nullptr) {
        datagrams.push_back(each);
      }
      if (opens || each.when.empty()) {
        Step line = each;
        if (auto* to = std::get_if<act::Goto>(&line.then.back()); to != nullptr) {
          to->chain = "WEIR-DELIVER";
        }
        append(tcp, line);
      }
    }
    append_all(udp, datagrams);
  }

  void decisions(const DecisionNames& names) {
    for (Chain& chain : lower_decisions(plan_, family_, names)) {
      out_.chains.push_back(std::move(chain));
    }
  }

  // --- Verdicts

  // What a verdict has to take off.
  void clear_matched(Chain& chain) const {
    if (leaves_by_mark_) {
      chain.steps.push_back(step({}, {clear(plan_.bypass_mark)}));
    }
  }

  void verdicts() {
    const Chain* decide = plan_.find("decide");
    if (decide == nullptr) {
      return;
    }
    const Chain* by_route = plan_.find("by_route");
    const bool asks =
        std::any_of(decide->steps.begin(), decide->steps.end(), [this](const Step& each) {
          const auto* to = std::get_if<act::Goto>(&each.then.back());
          const auto* ends = find<match::Ends>(each.when);
          return to != nullptr && to->chain == "by_route" &&
                 (ends == nullptr || in_family(*ends, family_));
        });
    if (by_route != nullptr && asks && !by_routes(plan_, family_).empty()) {
      Chain& chain = add("WEIR-BY-ROUTE");
      chain.why = by_route->why;
      clear_matched(chain);
      for (const Step& each : by_route->steps) {
        Step line = each;
        line.then.back() = verdict_of(line.then.back(), plan_, family_, "WEIR-");
        append(chain, line);
      }
    }
    intercept();
    if (plan_.rejects) {
      Chain& chain = add("WEIR-REFUSE");
      chain.why =
          "REJECT is not allowed in this table: filter's WEIR refuses what carries this "
          "mark";
      append(chain, step({}, {act::SetMark{refusal()}, act::Accept{}}));
    }
    add("WEIR-BYPASS").steps = {step({}, {clear(plan_.bypass_mark)})};
  }

  // What has come in by lo carries the bypass-mark, too.
  void intercept() {
    const Chain* intercept = plan_.find("intercept");
    if (intercept == nullptr) {
      return;
    }
    Chain& chain = add("WEIR-INTERCEPT");
    chain.why = plan_.gateway == Ruleset::Gateway::serves
                    ? "to the listener; without one, TPROXY drops the packet"
                    : intercept->why;
    if (leaves_by_mark_ || is_local()) {
      chain.steps.push_back(step({}, {clear(plan_.bypass_mark)}));
    }
    for (const Step& each : intercept->steps) {
      if (only_action<act::Goto>(each) == nullptr) {  // TPROXY refuses by itself
        append(chain, each);
      }
    }
  }

  // --- What the router itself sends

  // Errors about what weir's sockets open are theirs, by a label. Not for IPv4, where `-m socket`
  // looks for the address from before translation by itself.
  [[nodiscard]] bool labels_opened() const { return family_ == Family::v6 && intercepts(); }

  void local() {
    const Chain* redirects = plan_.find("redirects");
    if (!is_local() && !labels_opened() && redirects == nullptr) {
      return;
    }
    Chain& chain = add("WEIR-LOCAL");
    chain.hooks = {{Hook::Point::output, -150, {}, {}}};
    if (labels_opened()) {
      Step opened = step({matched(), match::Tracked{match::Tracked::State::opening}},
                         {act::SetLabel{label::opened}});
      opened.optional = true;
      chain.steps.push_back(std::move(opened));
    }
    if (redirects != nullptr) {
      append(chain, step({match::Redirect{family_}}, {act::Jump{std::string(redirect_chain)}},
                         redirects->why));
    }
    if (!is_local()) {
      return;
    }
    std::vector<Step> steps;
    for (Step each : plan_.find("output")->steps) {
      if (find<match::SocketMark>(each.when) != nullptr) {
        continue;  // a packet still has its socket's mark here
      }
      if (auto* to = std::get_if<act::Goto>(&each.then.back()); to != nullptr) {
        to->chain = "WEIR-L-DECIDE";
      }
      steps.push_back(std::move(each));
    }
    append_all(chain, steps);
    decisions({"decide_local", "WEIR-L-", "WEIR-NAT-OUT", "WEIR-NAT-OUTPUT"});
    divert();
    if (plan_.rejects) {
      Chain& refuse = add("WEIR-L-REFUSE");
      refuse.why = "filter's WEIR-LOCAL refuses what carries the mark alone";
      append(refuse, step({}, {act::SetMark{mark_alone(plan_)}, act::Accept{}}));
    }
  }

  // What is not tracked has no label and is no connection under way. The label only keeps
  // connections whole: WEIR sees the marks before others' rules can change them.
  void divert() {
    const Chain* divert = plan_.find("divert");
    if (divert == nullptr) {
      return;
    }
    Chain& chain = add("WEIR-L-INTERCEPT");
    const Step& first = divert->steps.front();
    const match::Label unknown{label::diverted, true};
    if (find<match::Label>(first.when) != nullptr) {
      clear_matched(chain);
      const bool opens = find<match::Opening>(first.when) != nullptr;
      Conditions others = {unknown};
      if (opens) {
        others = {match::Opening{.negated = true},
                  match::Tracked{match::Tracked::State::untracked, true}, unknown};
      }
      append(chain, step(std::move(others), {act::Return{}}, first.why));
      if (opens) {
        chain.steps.push_back(step({}, {act::SetLabel{label::diverted}}));
      }
    }
    append(chain, step({}, {act::SetMark{plan_.both_marks()}, act::Accept{}},
                       "both marks route the packet to lo, where it comes in"));
  }

  // What WEIR-LOCAL's jump has asked is not asked again.
  void redirects() {
    const Chain* redirects = plan_.find("redirects");
    if (redirects == nullptr) {
      return;
    }
    Chain& chain = add(std::string(redirect_chain));
    for (Step line : redirects->steps) {
      const auto* redirect = find<match::Redirect>(line.when);
      if (redirect != nullptr && redirect->family != family_) {
        continue;
      }
      std::erase_if(line.when, [](const Condition& condition) {
        return std::holds_alternative<match::Redirect>(condition);
      });
      append(chain, line);
    }
  }

  // --- The table `filter`

  // It is changed apart from `mangle`: what refuses stands there before a window opens and marks
  // anything, or a packet would pass in between.
  void refused() {
    if (!plan_.rejects) {
      return;
    }
    const auto reject = [](Chain& chain, Mark mark) {
      chain.steps.push_back(
          step({match::Protocol4{Layer4::tcp}, match::PacketMark{mark}}, {act::Reset{}}));
      chain.steps.push_back(
          step({match::Protocol4{Layer4::udp}, match::PacketMark{mark}}, {act::Unreachable{}}));
    };
    Chain& weir = add("WEIR", filter);
    weir.hooks = {{Hook::Point::forward, 0, {}, {}}, {Hook::Point::input, 0, {}, {}}};
    // What weir sends to a server on this router comes in on lo, with the bypass-mark: no client
    // does.
    weir.steps.push_back(step({match::InInterface{{"lo"}}}, {act::Return{}}));
    reject(weir, refusal());
    if (is_local()) {
      Chain& local = add("WEIR-LOCAL", filter);
      local.hooks = {{Hook::Point::output, 0, {}, {}}};
      // Where the kernel gives answers the mark of what they answer, they carry it, too.
      local.steps.push_back(step({match::Direction{true}}, {act::Return{}}));
      reject(local, mark_alone(plan_));
    }
  }

  const Plan& plan_;
  Family family_;
  bool leaves_by_mark_;
  Plan out_;
};

}  // namespace

Plan for_iptables(const Plan& plan, Family family) {
  Plan without = plan;  // what iptables has no sets for
  for (Chain& chain : without.chains) {
    std::erase_if(chain.steps, [](const Step& step) { return step.by_names; });
  }
  return Lowering(without, family).lower();
}

std::vector<std::string> chains_in(const Plan& plan, std::string_view table) {
  std::vector<std::string> names;
  for (const Chain& chain : plan.chains) {
    if (chain.table == table) {
      names.push_back(chain.name);
    }
  }
  return names;
}

}  // namespace weir::firewall
