// Manual pages in man(7)'s macros.
#include <fmt/format.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/configuration.h"
#include "cli/reference.h"
#include "config/section_kinds.h"
#include "rules/conditions/table.h"
#include "upstream/registry.h"

namespace weir {
namespace {

// Text as roff shows it: no escapes, no requests, hyphens that can be copied.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '"':
        out += "\\(dq";
        break;
      case '.':
        out += out.empty() || out.back() == '\n' ? "\\&." : ".";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// Markdown without its marks for code.
std::string plain(std::string_view markdown) {
  std::string out(markdown);
  std::erase(out, '`');
  return out;
}

class Page {
 public:
  Page(std::string_view title, std::string_view section, std::string_view name,
       std::string_view description) {
    add(".TH {} {} \"\" \"weir {}\" \"weir\"\n", title, section, WEIR_VERSION);
    add(".SH NAME\n{} \\- {}\n", roff(name), roff(description));
  }

  void section(std::string_view title) {
    add(".SH {}\n", title);
    begins_ = true;
  }
  void subsection(std::string_view title) { add(".SS \"{}\"\n", roff(title)); }
  // `term` has its markup already.
  void item(std::string_view term, std::string_view text) {
    add(".TP\n{}\n{}\n", term, roff(text));
  }
  void text(std::string_view text) { add("{}{}\n", begins_ ? "" : ".PP\n", roff(text)); }
  void example(std::string_view text) {
    add("{}.EX\n{}\n.EE\n", begins_ ? "" : ".PP\n", roff(text));
  }
  void raw(std::string_view line) { add("{}\n", line); }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  template <typename... Values>
  void add(fmt::format_string<Values...> format, Values&&... values) {
    out_ += fmt::format(format, std::forward<Values>(values)...);
  }
  std::string out_;
  bool begins_ = false;  // a section, which needs no paragraph of its own
};

std::string bold(std::string_view text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + roff(text) + "\\fR"; }

std::string upper(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return out;
}

std::string value_of(const CommandOption& option) {
  return upper(option.positional ? option.name : option.name.substr(2));
}

std::string usage(const Command& command) {
  std::string out = ".B weir " + roff(command.name) + "\n";
  for (const auto& option : command.options) {
    if (option.positional) {
      out += ".I " + roff(value_of(option)) + (option.repeats ? " ...\n" : "\n");
    } else {
      out += ".RB [ " + roff(option.name) +
             (option.takes == CommandOption::Takes::nothing
                  ? " ]\n"
                  : "\n.IR " + roff(value_of(option)) + " ]\n");
    }
  }
  return out;
}

std::string with_choices(const CommandOption& option) {
  std::string out = option.description;
  for (std::size_t i = 0; i < option.choices.size(); ++i) {
    if (out.find(option.choices[i]) == std::string::npos) {
      out += (i == 0 ? ": " : ", ") + option.choices[i];
    }
  }
  return out;
}

std::string kind_of(const Key& key) {
  switch (key.kind) {
    case ValueKind::number:
      return "number";
    case ValueKind::duration:
      return "duration";
    case ValueKind::size:
      return "size";
    case ValueKind::rate:
      return "rate";
    case ValueKind::mark:
      return "VALUE/MASK";
    case ValueKind::yes_no:
      return "yes or no";
    case ValueKind::word:
      return "one of " + std::string(key.choices);
    case ValueKind::text:
      return "text";
    case ValueKind::list:
      return "list";
  }
  return "text";
}

std::string described(const Key& key) {
  std::string text(key.description);
  text += ". Value: " + kind_of(key);
  if (key.kind == ValueKind::number && key.max != INT64_MAX) {
    text += fmt::format(" from {} to {}", key.min, key.max);
  }
  if (key.kind != ValueKind::word && !key.choices.empty()) {
    text += " or " + std::string(key.choices);
  }
  text += key.need == Key::Need::required ? ". Required."
          : key.default_value.empty()     ? ". Optional."
                                          : ". Default: " + std::string(key.default_value) + ".";
  return key.repeat == Key::Repeat::repeats ? text + " May repeat." : text;
}

void add_keys(Page& page, std::span<const Key> keys) {
  for (const Key& key : keys) {
    page.item(bold(key.name), described(key));
  }
}

// The types that have a key of that name with that description.
std::vector<std::string> types_with(const Key& key) {
  std::vector<std::string> out;
  for (const PolicyType& policy : policies()) {
    for (const Key& one : policy.keys) {
      if (one.name == key.name && described(one) == described(key)) {
        out.emplace_back(policy.name);
      }
    }
  }
  return out;
}

// Keys of several types stand once, before the types.
void add_types(Page& page) {
  page.subsection("Keys of several types");
  for (const PolicyType& policy : policies()) {
    for (const Key& key : policy.keys) {
      if (const auto types = types_with(key); types.size() > 1 && types.front() == policy.name) {
        page.item(bold(key.name),
                  fmt::format("{} Of types {}.", described(key), fmt::join(types, ", ")));
      }
    }
  }
  for (const PolicyType& policy : policies()) {
    page.subsection("type = " + std::string(policy.name));
    page.raw(roff("A flow " + std::string(policy.description) + "."));
    for (const Key& key : policy.keys) {
      if (types_with(key).size() == 1) {
        page.item(bold(key.name), described(key));
      }
    }
  }
}

}  // namespace

std::string manual_of_commands(const std::vector<Command>& commands) {
  Page page("WEIR", "1", "weir", "transparent interception gateway for Linux routers");
  page.section("SYNOPSIS");
  for (const auto& command : commands) {
    auto line = usage(command);
    line.pop_back();  // raw() ends it
    page.raw((&command == &commands.front() ? "" : ".br\n") + line);
  }
  page.section("DESCRIPTION");
  page.text(
      "The firewall's TPROXY rule hands weir TCP connections and UDP datagrams of any destination "
      "on one port. weir recovers where each was going, picks the first rule of its configuration "
      "that matches, and forwards it through that rule's upstream. Neither side needs to know.");
  page.section("COMMANDS");
  for (const auto& command : commands) {
    page.subsection("weir " + command.name);
    page.raw(roff(upper(command.description.substr(0, 1)) + command.description.substr(1) + "."));
    for (const auto& option : command.options) {
      std::string term = option.positional ? italic(value_of(option)) : "";
      if (!option.positional) {
        term =
            (option.short_name.empty() ? "" : bold(option.short_name) + ", ") + bold(option.name);
        if (option.takes != CommandOption::Takes::nothing) {
          term += " " + italic(value_of(option));
        }
      }
      page.item(term, with_choices(option));
    }
  }
  page.section("SIGNALS");
  page.item(bold("HUP"), "reload, as weir reload does; the log has the result");
  page.item(bold("TERM") + ", " + bold("INT"),
            "drain, as weir drain does: live flows may finish within timeouts.drain, and new flows "
            "bypass weir where firewall.on-failure is open; a second signal ends weir at once");
  page.section("REASONS");
  page.text(
      "weir status and the metric weir_events_total count what weir refused, dropped or did in a "
      "second-best way:");
  for (const Event& reason : reasons()) {
    page.item(bold(reason.name), plain(reason.meaning));
  }
  page.section("ENDS OF FLOWS");
  page.text("The key end of a flow's record. With log = errors only errors leave a record:");
  for (const Event& end : ends()) {
    page.item(bold(end.name), (end.error ? "Error. " : "") + plain(end.meaning));
  }
  page.section("EXIT STATUS");
  page.item("0", "done");
  page.item("1", "the command failed, or weir doctor found something that fails");
  page.item("2", "the command line or the configuration is wrong");
  page.section("FILES");
  page.item(italic("/etc/weir/weir.ini"), "the configuration");
  page.item(italic(AdminSettings{}.socket), "the control socket of the running gateway");
  page.section("EXAMPLES");
  page.example(
      "weir check\n"
      "weir explain tcp 198.51.100.2 203.0.113.5:80\n"
      "weir firewall show\n"
      "weir flows --client 198.51.100.0/24 --protocol tcp\n"
      "curl --unix-socket /run/weir/control.sock http://weir/metrics");
  page.section("SEE ALSO");
  page.raw(".BR weir.ini (5),\n.BR nft (8),\n.BR ip\\-rule (8)");
  return page.take();
}

std::string manual_of_keys() {
  Page page("WEIR.INI", "5", "weir.ini", "configuration of the weir interception gateway");
  page.section("DESCRIPTION");
  page.text(
      "Sections in brackets and lines KEY = VALUE. Comments begin with ; or # at the start of a "
      "line, or with a blank and ; after a value. A line has at most 4,096 bytes. What weir does "
      "not understand is an error with its line; weir check shows all of them.");
  page.item(bold("numbers"), "decimal or 0x: 80, 0x50");
  page.item(bold("durations"), "250ms, 30s, 5m, 2h4m, 1d");
  page.item(bold("sizes"), "64KiB, 1MiB, 1GiB");
  page.item(bold("marks"), "VALUE/MASK: 0x10/0xf0");
  page.item(bold("lists"), "separated by commas; @FILE is a file with one item a line");
  page.section("SECTIONS");
  for (const SectionKind& kind : section_kinds()) {
    page.subsection("[" + std::string(kind.name) +
                    (kind.naming == SectionKind::Naming::required ? " NAME]" : "]"));
    page.raw(
        roff(upper(kind.description.substr(0, 1)) + std::string(kind.description.substr(1)) + "."));
    add_keys(page, keys_of(kind, condition_types()));
    if (kind.name == "upstream") {
      add_keys(page, upstream_keys());
    }
  }
  page.section("UPSTREAM TYPES");
  add_types(page);
  page.section("FILES");
  page.item(italic("/etc/weir/weir.ini"), "read unless -c names another one");
  page.section("SEE ALSO");
  page.raw(".BR weir (1)");
  return page.take();
}

}  // namespace weir
