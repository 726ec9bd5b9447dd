#include "firewall/evaluate.h"

#include <algorithm>
#include <utility>

namespace weir::firewall {

namespace {

bool has(const Ports& ports, Port port) {
  return std::any_of(ports.ranges.begin(), ports.ranges.end(), [port](const Ports::Range& range) {
    return range.first <= port && port <= range.last;
  });
}

bool is_named(const std::vector<std::string>& names, const std::string& name) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& each) {
    return each.ends_with('*') ? name.starts_with(each.substr(0, each.size() - 1)) : name == each;
  });
}

bool is_in(const std::vector<Prefix>& prefixes, const Address& address) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const Prefix& prefix) { return prefix.contains(address); });
}

bool has_mark(std::uint32_t bits, Mark mark) { return (bits & mark.mask) == mark.value; }

bool holds(const Addresses& addresses, const Packet& packet) {
  const auto met = [](const std::vector<Prefix>& in, const std::vector<Prefix>& out,
                      const Address& address) {
    return (in.empty() || is_in(in, address)) && !is_in(out, address);
  };
  return met(addresses.client, addresses.not_client, packet.source.address) &&
         met(addresses.destination, addresses.not_destination, packet.destination.address);
}

// Whether a condition holds. A socket's mark that is restored is the packet's from there on.
struct Holds {
  Packet& packet;
  const Plan& plan;

  bool operator()(const match::Protocol4& is) const { return packet.protocol == is.protocol; }
  bool operator()(const match::Flow& flow) const {
    const Port port = packet.destination.port;
    return (packet.protocol == Layer4::tcp && has(flow.tcp, port)) ||
           (packet.protocol == Layer4::udp && has(flow.udp, port));
  }
  bool operator()(const match::Opening& opening) const {
    return packet.protocol == Layer4::tcp && packet.opening != opening.negated;
  }
  bool operator()(const match::InInterface& in) const {
    return is_named(in.names, packet.in) != in.negated;
  }
  bool operator()(const match::OutInterface& out) const { return is_named(out.names, packet.out); }
  bool operator()(const match::OfFamily& of) const {
    return packet.destination.family() == of.family;
  }
  bool operator()(const match::Within& within) const {
    if (within.prefixes.front().address.family() != packet.destination.family()) {
      return false;
    }
    const Endpoint& end = within.side == Side::source ? packet.source : packet.destination;
    return is_in(within.prefixes, end.address) != within.negated;
  }
  bool operator()(const match::Reserved& reserved) const {
    return packet.destination.family() == reserved.family &&
           std::any_of(reserved.prefixes.begin(), reserved.prefixes.end(),
                       [this](const std::string& text) {
                         const auto prefix = Prefix::parse(text);
                         return prefix && prefix.value().contains(packet.destination.address);
                       });
  }
  bool operator()(const match::Ends& ends) const {
    const auto& addresses = packet.destination.family() == Family::v4 ? ends.v4 : ends.v6;
    return addresses && holds(*addresses, packet);
  }
  bool operator()(const match::AddressKind& kind) const {
    std::optional<match::Kind> is = packet.kind;
    if (kind.side == Side::source) {
      is = packet.source_is_local ? std::optional(match::Kind::local) : std::nullopt;
    } else if (kind.on_inbound_link) {
      is = packet.local_to_inbound_link ? std::optional(match::Kind::local) : std::nullopt;
    }
    const bool found =
        is && std::find(kind.kinds.begin(), kind.kinds.end(), *is) != kind.kinds.end();
    return found != kind.negated;
  }
  bool operator()(const match::PacketMark& is) const { return has_mark(packet.mark, is.mark); }
  bool operator()(const match::SocketMark& is) const {
    return packet.socket && has_mark(packet.socket->mark, is.mark);
  }
  bool operator()(const match::ForSocket& is) const {
    const auto& socket = packet.socket;
    const bool found = socket && (is.what == match::ForSocket::What::wildcard
                                      ? socket->wildcard
                                      : socket->transparent && !(is.bound && socket->wildcard));
    if (found && is.restores_mark) {
      packet.mark = socket->mark;
    }
    return found;
  }
  bool operator()(const match::Direction& direction) const {
    return packet.tracking && packet.tracking->reply == direction.reply;
  }
  bool operator()(const match::Translated& /*dnat*/) const {
    return packet.tracking && packet.tracking->translated;
  }
  bool operator()(const match::Confirmed& confirmed) const {
    return packet.tracking && packet.tracking->confirmed != confirmed.negated;
  }
  bool operator()(const match::Tracked& tracked) const {
    const auto& tracking = packet.tracking;
    bool is = !tracking;
    if (tracked.state != match::Tracked::State::untracked) {
      is = tracking && (tracked.state == match::Tracked::State::related
                            ? tracking->related
                            : !tracking->related && !tracking->confirmed);
    }
    return is != tracked.negated;
  }
  // What is not tracked has no label. iptables takes that for "not this one", nft for no answer.
  bool operator()(const match::Label& label) const {
    if (!packet.tracking) {
      return label.negated && plan.family.has_value();
    }
    return packet.tracking->labels.contains(label.number) != label.negated;
  }
  bool operator()(const match::InWords& words) const {
    if (words.only_for && packet.destination.family() != *words.only_for) {
      return true;
    }
    return std::any_of(words.any_of.begin(), words.any_of.end(),
                       [this](const auto& each) { return each.holds(packet); }) ||
           std::any_of(words.or_else.begin(), words.or_else.end(),
                       [this](const auto& each) { return (*this)(each); });
  }
  bool operator()(const match::DontFragment& /*bit*/) const {
    return packet.destination.family() == Family::v4 && packet.dont_fragment;
  }
  bool operator()(const match::NoRoute& /*route*/) const { return !packet.route_out; }
  bool operator()(const match::LeavesElsewhere& elsewhere) const {
    return !packet.route_out || !is_named(elsewhere.interfaces, *packet.route_out);
  }
  bool operator()(const match::SentByUser& sent) const {
    return std::any_of(sent.users.begin(), sent.users.end(),
                       [this](const UserSetting& user) { return user.id == packet.user; });
  }
  bool operator()(const match::SentByCgroup& sent) const {
    return packet.cgroup == sent.cgroup.path || packet.cgroup.starts_with(sent.cgroup.path + "/");
  }
  bool operator()(const match::Redirect& redirect) const {
    return packet.redirect && packet.destination.family() == redirect.family;
  }
  bool operator()(const match::LookedUp& pair) const {
    return packet.looked_up.contains(pair.set) &&
           (!pair.family || *pair.family == packet.destination.family());
  }
  // Errors that the kernel sends are not asked about.
  bool operator()(const match::QuotesDatagram& /*quotes*/) const { return false; }
};

class Evaluation {
 public:
  Evaluation(const Plan& plan, Packet packet, Listener listener)
      : plan_(plan), packet_(std::move(packet)), listener_(listener) {}

  Outcome run() {
    const bool comes_in = !packet_.in.empty();
    hook(comes_in ? Hook::Point::prerouting : Hook::Point::output);
    const bool is_marked = has_mark(packet_.mark, mark_alone());
    if (comes_in && !end_ && !is_marked) {
      hook(packet_.kind == match::Kind::local ? Hook::Point::input : Hook::Point::forward);
    }
    if (!end_) {
      end_ = marked_end(comes_in);
    }
    return {.end = *end_, .packet = std::move(packet_), .counters = std::move(counters_)};
  }

 private:
  enum class Verdict : std::uint8_t { next, returns, ends };

  [[nodiscard]] Mark mark_alone() const { return {plan_.mark.value, plan_.both_marks().mask}; }

  // Policy routes go by the mark.
  [[nodiscard]] Outcome::End marked_end(bool comes_in) const {
    if (comes_in && handed_over_) {
      return Outcome::End::to_listener;
    }
    if (comes_in && has_mark(packet_.mark, mark_alone())) {
      return Outcome::End::to_socket;
    }
    if (!comes_in && has_mark(packet_.mark, plan_.both_marks())) {
      return Outcome::End::diverted;
    }
    return Outcome::End::passes;
  }

  void hook(Hook::Point point) {
    std::vector<std::pair<int, const Chain*>> chains;
    for (const Chain& chain : plan_.chains) {
      for (const Hook& hook : chain.hooks) {
        if (hook.point == point) {
          chains.emplace_back(hook.priority, &chain);
        }
      }
    }
    std::stable_sort(chains.begin(), chains.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [priority, chain] : chains) {
      if (!end_) {
        run(*chain);
      }
    }
  }

  Verdict run(const Chain& chain) {
    for (const Step& step : chain.steps) {
      if (!holds(step.when)) {
        continue;
      }
      if (!step.unless.empty() && holds(step.unless)) {
        return Verdict::ends;
      }
      const Verdict verdict = act(step, chain);
      if (verdict != Verdict::next) {
        return verdict;
      }
    }
    return Verdict::returns;
  }

  bool holds(const std::vector<Condition>& conditions) {
    return std::all_of(conditions.begin(), conditions.end(), [this](const Condition& condition) {
      return std::visit(Holds{packet_, plan_}, condition);
    });
  }

  Verdict act(const Step& step, const Chain& chain) {
    for (const Action& action : step.then) {
      if (std::holds_alternative<act::Accept>(action)) {
        return Verdict::ends;
      }
      if (std::holds_alternative<act::Return>(action)) {
        return Verdict::returns;
      }
      if (const auto* to = std::get_if<act::Goto>(&action); to != nullptr) {
        return run(*plan_.find(to->chain, chain.table));
      }
      if (const auto* to = std::get_if<act::Jump>(&action); to != nullptr) {
        if (run(*plan_.find(to->chain, chain.table)) == Verdict::ends) {
          return Verdict::ends;
        }
        continue;
      }
      if (const auto* tproxy = std::get_if<act::Tproxy>(&action); tproxy != nullptr) {
        const bool leaves = hand_over(*tproxy);
        return leaves ? Verdict::ends : Verdict::next;
      }
      if (std::visit([this](const auto& each) { return apply(each); }, action)) {
        return Verdict::ends;
      }
    }
    return Verdict::next;
  }

  // False: the next step decides.
  bool hand_over(const act::Tproxy& tproxy) {
    if (tproxy.family && *tproxy.family != packet_.destination.family()) {
      return false;
    }
    if (listener_ == Listener::is_missing) {
      if (tproxy.without_listener == act::Tproxy::WithoutListener::next_step) {
        return false;
      }
      end_ = Outcome::End::dropped;
      return true;
    }
    handed_over_ = true;
    set(tproxy.mark);
    return true;
  }

  void set(Mark mark) { packet_.mark = (packet_.mark & ~mark.mask) | mark.value; }

  // True: that was the packet's end.
  bool apply(const act::Drop& /*drop*/) { return finish(Outcome::End::dropped); }
  bool apply(const act::Reset& /*reset*/) { return finish(Outcome::End::refused); }
  bool apply(const act::Unreachable& /*icmp*/) { return finish(Outcome::End::refused); }
  bool apply(const act::Count& count) {
    counters_.push_back(count.counter);
    return false;
  }
  bool apply(const act::SetMark& action) {
    set(action.mark);
    return false;
  }
  bool apply(const act::SetLabel& label) {
    if (packet_.tracking) {
      packet_.tracking->labels.insert(label.number);
    }
    return false;
  }
  template <typename Other>
  bool apply(const Other& /*other*/) {
    return false;
  }

  bool finish(Outcome::End end) {
    end_ = end;
    return true;
  }

  const Plan& plan_;
  Packet packet_;
  Listener listener_;
  std::optional<Outcome::End> end_;
  bool handed_over_ = false;
  std::vector<std::string> counters_;
};

}  // namespace

std::string_view name_of(Outcome::End end) {
  switch (end) {
    case Outcome::End::passes:
      return "passes";
    case Outcome::End::to_listener:
      return "to the listener";
    case Outcome::End::to_socket:
      return "to a socket";
    case Outcome::End::diverted:
      return "diverted";
    case Outcome::End::refused:
      return "refused";
    case Outcome::End::dropped:
      break;
  }
  return "dropped";
}

Outcome evaluate(const Plan& plan, Packet packet, Listener listener) {
  return Evaluation(plan, std::move(packet), listener).run();
}

}  // namespace weir::firewall
