// ISC dhcpd writes blocks in the language of its configuration (dhcpd.leases(5)):
//
//   lease 192.0.2.7 {
//     ends 5 2026/11/27 20:00:00;         in UTC; or `never`, or `epoch SECONDS`
//     binding state active;
//     hardware ethernet 02:00:5e:10:00:01;
//     client-hostname "tv";
//   }
//
// Each change of a lease is another block at the end; once an hour the file is written anew and
// renamed over the old one. Other blocks (ia-na, failover, host) and what a block may contain else
// are passed over. A block that a crash has cut ends where the next lease begins.
#include <algorithm>
#include <array>

#include "devices/lease_files.h"
#include "devices/lease_lines.h"

namespace weir {
namespace {

struct Token {
  enum class Kind : std::uint8_t { word, text, open, close, end_of_statement, end_of_file };
  Kind kind = Kind::end_of_file;
  std::string_view text;  // of a text what stands between the quotes, as it is written
  std::size_t line = 0;
};

class Tokens {
 public:
  explicit Tokens(std::string_view text) : rest_(text) {}

  Token next() {
    skip_blanks();
    if (rest_.empty()) {
      return {.kind = Token::Kind::end_of_file, .text = {}, .line = line_};
    }
    switch (rest_.front()) {
      case '{':
        return take(Token::Kind::open, 1);
      case '}':
        return take(Token::Kind::close, 1);
      case ';':
        return take(Token::Kind::end_of_statement, 1);
      case '"':
        return take_text();
      default:
        return take(Token::Kind::word,
                    std::min(rest_.find_first_of(" \t\r\n{};\"#"), rest_.size()));
    }
  }

 private:
  void skip_blanks() {
    while (!rest_.empty()) {
      const char one = rest_.front();
      if (one == '#') {
        rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
      } else if (one == ' ' || one == '\t' || one == '\r' || one == '\n') {
        line_ += one == '\n' ? 1 : 0;
        rest_.remove_prefix(1);
      } else {
        return;
      }
    }
  }
  Token take(Token::Kind kind, std::size_t size) {
    const Token out{.kind = kind, .text = rest_.substr(0, size), .line = line_};
    rest_.remove_prefix(size);
    return out;
  }
  // A text ends in its line: what breaks lines is written \012.
  Token take_text() {
    std::size_t end = 1;
    while (end < rest_.size() && rest_[end] != '"' && rest_[end] != '\n') {
      end += rest_.substr(end, 2) == "\\\"" || rest_.substr(end, 2) == "\\\\" ? 2 : 1;
    }
    end = std::min(end, rest_.size());
    const Token out{.kind = Token::Kind::text, .text = rest_.substr(1, end - 1), .line = line_};
    rest_.remove_prefix(end < rest_.size() && rest_[end] == '"' ? end + 1 : end);
    return out;
  }

  std::string_view rest_;
  std::size_t line_ = 1;
};

// A statement's first words, of which none that is read has more; and its last two, by which a
// block is known even where what stood before it was cut.
struct Statement {
  std::array<Token, 5> words{};
  std::array<Token, 2> last{};
  std::size_t size = 0;
  Token::Kind ended_by = Token::Kind::end_of_file;
  std::size_t line = 0;

  [[nodiscard]] std::string_view operator[](std::size_t i) const { return words.at(i).text; }
  [[nodiscard]] bool begins(std::string_view a, std::string_view b = {}) const {
    return words[0].text == a && (b.empty() || words[1].text == b);
  }
};

Statement read_statement(Tokens& tokens) {
  Statement out;
  for (Token token = tokens.next();; token = tokens.next()) {
    out.line = out.line == 0 ? token.line : out.line;
    if (token.kind != Token::Kind::word && token.kind != Token::Kind::text) {
      out.ended_by = token.kind;
      return out;
    }
    out.last = {out.last[1], token};
    if (out.size < out.words.size()) {
      out.words.at(out.size++) = token;
    }
  }
}

// `\303\244`, `\"`
std::string without_octals(std::string_view text) {
  const auto is_octal = [](char one) { return one >= '0' && one <= '7'; };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const std::string_view digits = text.substr(i + 1, 3);
    if (digits.size() == 3 && std::all_of(digits.begin(), digits.end(), is_octal)) {
      int byte = 0;
      for (const char digit : digits) {
        byte = byte * 8 + (digit - '0');
      }
      out += static_cast<char>(byte);
      i += 3;
    } else {
      out += text[++i];
    }
  }
  return out;
}

// "2026/11/27" and "20:00:00"
std::optional<std::chrono::sys_seconds> instant(std::string_view date, std::string_view time) {
  const auto number = [](std::string_view& text, char behind) {
    const auto end = std::min(text.find(behind), text.size());
    const auto out = whole_number(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    return out && *out >= 0 && *out <= 9999 ? static_cast<int>(*out) : -1;
  };
  const int year = number(date, '/');
  const int month = number(date, '/');
  const int day = number(date, '/');
  const int hour = number(time, ':');
  const int minute = number(time, ':');
  const int second = number(time, ':');
  if (year < 0 || month < 1 || day < 1 || hour < 0 || hour > 24 || minute < 0 || minute > 59 ||
      second < 0 || second > 60) {
    return std::nullopt;
  }
  const std::chrono::year_month_day when{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!when.ok()) {
    return std::nullopt;
  }
  return std::chrono::sys_days(when) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

// Of one lease. False: the statement makes no sense.
bool apply(const Statement& said, Lease& lease) {
  if (said.begins("ends") && said[1] == "epoch") {
    const auto seconds = whole_number(said[2]);
    lease.expires = seconds ? instant_of(*seconds) : std::nullopt;
    return seconds.has_value();
  }
  if (said.begins("ends") && said[1] != "never") {
    lease.expires = instant(said[2], said[3]);
    return lease.expires.has_value();
  }
  if (said.begins("binding", "state")) {
    lease.is_over = said[2] != "active";
  } else if (said.begins("abandoned")) {
    lease.is_over = true;
  } else if (said.begins("hardware", "ethernet")) {
    const auto mac = Mac::parse(said[2]);
    lease.mac = mac && !mac.value().is_group() ? mac.value() : Mac{};
    return mac.ok();
  } else if (said.begins("client-hostname")) {
    lease.name = without_octals(said[1]);
  } else if (said.begins("set", "ddns-fwd-name") && lease.name.empty()) {
    lease.name = without_octals(said[3]);  // after the '='
  }
  if (lease.name.size() > longest_name) {
    lease.name.clear();
    return false;
  }
  return true;
}

class Blocks {
 public:
  Blocks(std::string_view text, LeaseList& leases, BadLines& bad)
      : tokens_(text), leases_(leases), bad_(bad) {}

  void read() {
    for (Statement said = read_statement(tokens_); said.ended_by != Token::Kind::end_of_file;
         said = read_statement(tokens_)) {
      if (is_lease(said)) {
        for (std::optional<Statement> head = said; head; head = read_lease(*head)) {
        }
      } else if (said.ended_by == Token::Kind::open) {
        skip_block();
      } else if (said.ended_by == Token::Kind::close) {
        bad_.add(said.line, "a '}' that ends nothing");
      } else if (said.size < 2) {
        bad_.add(said.line, "it is neither a lease nor a statement");
      }
    }
  }

 private:
  static bool is_lease(const Statement& said) {
    return said.ended_by == Token::Kind::open && said.last[0].kind == Token::Kind::word &&
           said.last[0].text == "lease";
  }
  // Another lease's head, where this one was cut before its end.
  std::optional<Statement> read_lease(const Statement& head) {
    const auto address = Address::parse(head.last[1].text);
    Lease lease;
    lease.address = address ? address.value() : Address{};
    std::string_view why = address ? "" : "a lease of what is no address";
    while (true) {
      const Statement said = read_statement(tokens_);
      switch (said.ended_by) {
        case Token::Kind::end_of_statement:
          if (!apply(said, lease) && why.empty()) {
            why = "a statement in a lease makes no sense";
            bad_.add(said.line, why);
          }
          break;
        case Token::Kind::open:
          if (is_lease(said)) {
            bad_.add(head.line, "a lease without an end");
            return said;
          }
          skip_block();
          break;
        case Token::Kind::close:
          if (address) {
            leases_.put(std::move(lease));
          } else {
            bad_.add(head.line, why);
          }
          return std::nullopt;
        default:
          return std::nullopt;  // it is still being written
      }
    }
  }
  void skip_block() {
    for (std::size_t depth = 1; depth > 0;) {
      const Token token = tokens_.next();
      depth += token.kind == Token::Kind::open ? 1U : 0U;
      depth -= token.kind == Token::Kind::close ? 1U : 0U;
      if (token.kind == Token::Kind::end_of_file) {
        return;
      }
    }
  }

  Tokens tokens_;
  LeaseList& leases_;
  BadLines& bad_;
};

}  // namespace

void read_isc_leases(std::string_view text, LeaseList& leases, BadLines& bad) {
  Blocks(text, leases, bad).read();
}

}  // namespace weir
