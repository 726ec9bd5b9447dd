// The text of iptables-save to a filter. A rule is a line of words; what a match means follows from
// its option alone, so that "-m NAME" need not be remembered.
#include <algorithm>
#include <optional>
#include <sstream>

#include "doctor/filter.h"
#include "doctor/saved_number.h"
#include "firewall/input_opening.h"

namespace weir::doctor {

namespace {

Answer answer_of(bool holds) { return holds ? Answer::yes : Answer::no; }

// The words of a line; "…" is one.
std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '\\' && quoted && i + 1 < line.size()) {
      word += line[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ' ' && !quoted) {
      if (!word.empty()) {
        words.push_back(std::move(word));
        word.clear();
      }
    } else {
      word += c;
    }
  }
  if (!word.empty()) {
    words.push_back(std::move(word));
  }
  return words;
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);) {
    parts.push_back(part);
  }
  return parts;
}

// "80", "8000:8100", and several of them with commas.
Answer in_ports(const std::string& list, const std::function<Answer(long, long)>& within) {
  Answer answer = Answer::no;
  for (const std::string& one : split(list, ',')) {
    const auto colon = one.find(':');
    const auto first = number(one.substr(0, colon));
    const auto last = colon == std::string::npos ? first : number(one.substr(colon + 1));
    answer = either(answer, first && last ? within(*first, *last) : Answer::unknown);
  }
  return answer;
}

Answer has_mark(const Probe& probe, const std::string& value_mask) {
  const auto slash = value_mask.find('/');
  const auto value = number(std::string_view(value_mask).substr(0, slash));
  const auto mask = slash == std::string::npos
                        ? std::optional<std::uint32_t>(0xffffffff)
                        : number(std::string_view(value_mask).substr(slash + 1));
  return value && mask && probe.mark ? answer_of((*probe.mark & *mask) == *value) : Answer::unknown;
}

bool lists(const std::string& list, std::string_view word) {
  for (const std::string& one : split(list, ',')) {
    if (one == word) {
      return true;
    }
  }
  return false;
}

Answer has_protocol(const Probe& probe, const std::string& word) {
  const bool tcp = probe.protocol == Protocol::tcp;
  return answer_of(word == "all" || word == (tcp ? "tcp" : "udp") || word == (tcp ? "6" : "17"));
}

Answer fits_pattern(const std::string& interface, std::string pattern) {
  if (!pattern.empty() && pattern.back() == '+') {
    pattern.back() = '*';
  }
  return answer_of(fits(interface, pattern));
}

// The condition of an option with one value; none: not understood.
std::optional<Condition> condition_for(const std::string& option, const std::string& value) {
  if (option == "-p") {
    return [=](const Probe& probe) { return has_protocol(probe, value); };
  }
  if (option == "-i") {
    return [=](const Probe& probe) { return fits_pattern(probe.inbound, value); };
  }
  if (option == "-o") {
    return [=](const Probe& probe) {
      return is_intercepted(probe) ? Answer::no : fits_pattern(probe.outbound, value);
    };
  }
  if (option == "-s" || option == "-d") {
    const auto range = addresses_in(value);
    return [=](const Probe& probe) {
      if (!range) {
        return Answer::unknown;
      }
      return option == "-s" ? has_client(probe, *range) : has_destination(probe, *range);
    };
  }
  if (option == "--dport" || option == "--dports") {
    return [=](const Probe& probe) {
      return in_ports(value, [&](long first, long last) { return has_port(probe, first, last); });
    };
  }
  if (option == "--sport" || option == "--sports") {
    return [=](const Probe&) { return in_ports(value, has_source_port); };
  }
  if (option == "--mark") {
    return [=](const Probe& probe) { return has_mark(probe, value); };
  }
  if (option == "--ctstate" || option == "--state") {
    return [=](const Probe&) { return answer_of(lists(value, "NEW")); };
  }
  if (option == "--ctstatus" || option == "--rt-type") {
    return [](const Probe&) { return Answer::no; };  // of nothing that is new and plain
  }
  if (option == "--ctdir") {
    return [=](const Probe&) { return answer_of(value == "ORIGINAL"); };
  }
  if (option == "--dst-type" || option == "--src-type") {
    // Looked up without the mark: whatever is intercepted is somewhere else.
    return [=](const Probe&) { return answer_of(lists(value, "UNICAST")); };
  }
  if (option == "--pkt-type") {
    return [=](const Probe&) { return answer_of(value == "unicast"); };
  }
  return std::nullopt;
}

Answer opens_connection(const Probe& probe) { return answer_of(probe.protocol == Protocol::tcp); }

// "-m socket": the first packet of an intercepted flow has weir's listener, which is bound to no
// address and counts with --nowildcard alone.
Condition has_socket(const std::vector<std::string>& rule) {
  const bool listeners = std::find(rule.begin(), rule.end(), "--nowildcard") != rule.end();
  return [=](const Probe& probe) { return answer_of(listeners && is_intercepted(probe)); };
}

// "--tcp-flags FIN,SYN,RST,ACK SYN"
Answer has_tcp_flags(const Probe& probe, const std::string& mask, const std::string& set) {
  if (probe.protocol != Protocol::tcp) {
    return Answer::no;
  }
  for (const std::string& one : split(set, ',')) {
    if (one != "SYN" && one != "NONE" && one != "ALL") {
      return Answer::no;
    }
  }
  const bool asked = lists(mask, "SYN") || mask == "ALL";
  return answer_of(set == "NONE" ? !asked : set != "ALL" && asked == lists(set, "SYN"));
}

Act act_of(const std::string& target) {
  if (target == "ACCEPT") {
    return Act::accept;
  }
  if (target == "DROP" || target == "REJECT") {
    return Act::refuse;
  }
  if (target == "RETURN") {
    return Act::leave;
  }
  if (target == "MARK") {
    return Act::remark;
  }
  if (target == "QUEUE" || target == "NFQUEUE" || target == "TARPIT" || target == "SYNPROXY") {
    return Act::unknown;
  }
  return Act::nothing;
}

class SaveReader {
 public:
  SaveReader(std::string_view tool, Family family, const IpSets& sets) : sets_(sets) {
    filter_.tool = tool;
    filter_.families = {family};
  }

  void read(const std::string& saved) {
    std::istringstream lines(saved);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with('*')) {
        table_ = line.substr(1);
      } else if (line.starts_with(':')) {
        add_chain(line);
      } else if (line.starts_with("-A ")) {
        rules_.emplace_back(table_, line);
      }
    }
    for (const auto& [table, line] : rules_) {
      add_rule(table, line);
    }
  }
  Filter filter() && { return std::move(filter_); }

 private:
  // ":INPUT DROP [0:0]"
  void add_chain(const std::string& line) {
    const auto words = words_of(line.substr(1));
    if (words.size() < 2) {
      return;
    }
    const std::string name = table_ + " " + words[0];
    filter_.chains[name];
    struct Hook {
      std::string_view chain;
      const char* name;
    };
    for (const Hook& hook :
         {Hook{"INPUT", "input"}, Hook{"FORWARD", "forward"}, Hook{"PREROUTING", "prerouting"}}) {
      if (words[0] == hook.chain && table_ != "nat") {
        filter_.bases.push_back({hook.name, name, priority(), words[1] == "DROP"});
      }
    }
  }
  [[nodiscard]] int priority() const {
    return table_ == "raw" ? -300 : table_ == "mangle" ? -150 : table_ == "security" ? 50 : 0;
  }

  void add_rule(const std::string& table, const std::string& line) {
    const auto words = words_of(line);
    Step step;
    step.text = line;
    step.chain = table + " " + words[1];
    bool differs = false;
    for (std::size_t i = 2; i < words.size(); ++i) {
      const std::string& word = words[i];
      const auto value = [&](std::size_t further) {
        return i + further < words.size() ? words[i + further] : std::string();
      };
      if (word == "!") {
        differs = true;
        continue;
      }
      if (word == "-j" || word == "-g") {
        add_target(step, table, word, value(1));
        break;  // what follows is the target's
      }
      Condition condition;
      if (word == "-m" && value(1) == "socket") {
        condition = has_socket(words);
        ++i;
      } else if (word == "-m" || word == "--comment" || word == "--hitcount") {
        ++i;
        continue;
      } else if (word == "--transparent" || word == "--nowildcard") {
        continue;
      } else if (word == "--syn") {
        condition = opens_connection;
      } else if (word == "-f") {
        condition = [](const Probe&) { return Answer::no; };
      } else if (word == "--tcp-flags") {
        condition = [mask = value(1), set = value(2)](const Probe& probe) {
          return has_tcp_flags(probe, mask, set);
        };
        i += 2;
      } else if (word == "--match-set") {
        condition = has_set(value(1), value(2));
        i += 2;
      } else if (auto known = condition_for(word, value(1))) {
        condition = std::move(*known);
        ++i;
      } else {
        condition = [](const Probe&) { return Answer::unknown; };
        while (i + 1 < words.size() && !words[i + 1].starts_with('-') && words[i + 1] != "!") {
          ++i;
        }
      }
      if (differs) {
        condition = [condition](const Probe& probe) { return not_(condition(probe)); };
        differs = false;
      }
      step.conditions.push_back(std::move(condition));
    }
    filter_.chains[step.chain].push_back(std::move(step));
  }

  [[nodiscard]] Condition has_set(const std::string& name, const std::string& direction) const {
    const auto found = sets_.find(name);
    if (found == sets_.end()) {
      return [](const Probe&) { return Answer::unknown; };
    }
    return [set = found->second, direction](const Probe& probe) {
      return is_in(probe, set, direction);
    };
  }

  void add_target(Step& step, const std::string& table, const std::string& word,
                  const std::string& target) {
    const std::string chain = table + " " + target;
    if (target.starts_with("WEIR") && target != firewall::input_chain) {
      return;  // weir's own rules let through what they hand to weir
    }
    if (filter_.chains.contains(chain)) {
      step.act = word == "-j" ? Act::jump : Act::go_to;
      step.target = chain;
    } else {
      step.act = act_of(target);
    }
  }

  const IpSets& sets_;
  Filter filter_;
  std::string table_;
  std::vector<std::pair<std::string, std::string>> rules_;
};

}  // namespace

Filter filter_of_iptables(std::string_view tool, Family family, const std::string& saved,
                          const IpSets& sets) {
  SaveReader reader(tool, family, sets);
  reader.read(saved);
  return std::move(reader).filter();
}

}  // namespace weir::doctor
