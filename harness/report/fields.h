// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "harness/report/json.h"
#include "harness/report/verdict.h"

/// Reports are structs that say their fields once; JSON, the reading of it and its schema follow.
namespace assay {

class Fields;

/// A struct with `void fields(Fields& f)`, which names every field in the order of the report.
template <typename T>
concept Record = requires(T record, Fields& f) {
  record.fields(f);
};

/// Entries under names that are no fields, such as those of nodes.
template <typename T>
using Named = std::vector<std::pair<std::string, T>>;

/// What a field of options holds.
using OptionValue = std::variant<std::int64_t, std::string>;

/// What is done with each field of a record: it is written, read or described. Numbers are from 0 on unless the field says
/// otherwise; an empty optional is null.
class Fields {
 public:
  virtual ~Fields() = default;

  /// A field that is always there.
  template <typename T>
  void operator()(const char* name, T& value) {
    if (!enter(name, true, true)) return;
    visit(value);
    leave();
  }
  /// The same, with numbers of any sign in it.
  template <typename T>
  void any_sign(const char* name, T& value) {
    from(std::nullopt, name, value);
  }
  /// The same, with numbers that are at least `least`.
  template <typename T>
  void from(std::optional<std::int64_t> least, const char* name, T& value) {
    const std::optional<std::int64_t> outer = std::exchange(least_, least);
    (*this)(name, value);
    least_ = outer;
  }
  /// A text, or several, that are among `words`.
  template <typename T>
  void word(const char* name, T& value, std::vector<std::string_view> words) {
    words_ = std::move(words);
    (*this)(name, value);
    words_ = {};
  }
  /// A verdict that may be APPROXIMATE, as a stage's.
  void stage_verdict(const char* name, Verdict& value) {
    approximate_ = true;
    (*this)(name, value);
    approximate_ = false;
  }
  /// A field that is left out where it is empty; of texts, those may be `words`.
  template <typename T>
  void where_given(const char* name, std::optional<T>& value,
                   std::vector<std::string_view> words = {}) {
    if (!enter(name, value.has_value(), false)) return;
    if (!value) value.emplace();
    words_ = std::move(words);
    visit(*value);
    words_ = {};
    leave();
  }
  /// The report's kind, "assay.run/1".
  virtual void schema(std::string_view name) = 0;

 protected:
  /// Goes to the field; false: it is passed over. `given`: the struct has a value for it.
  virtual bool enter(const char* name, bool given, bool required) = 0;
  virtual void leave() = 0;

  virtual void at(bool& value) = 0;
  virtual void at(double& value) = 0;
  virtual void at(std::int64_t& value) = 0;
  virtual void at(std::uint64_t& value) = 0;
  virtual void at(std::string& value) = 0;
  virtual void at(OptionValue& value) = 0;
  virtual void at(Verdict& value) = 0;
  /// Before an optional's value: whether there is one.
  virtual bool at_optional(bool given) = 0;
  virtual void end_optional() {}
  virtual void begin_record() = 0;
  virtual void end_record() = 0;
  /// How many entries a list gets, of the `size` that it has.
  virtual std::size_t begin_list(std::size_t size) = 0;
  virtual void begin_entry(std::size_t index) = 0;
  virtual void end_entry() = 0;
  virtual void end_list() = 0;
  virtual std::size_t begin_named(std::size_t size) = 0;
  virtual void begin_named_entry(std::size_t index, std::string& name) = 0;

  std::optional<std::int64_t> least_ = 0;  ///< of numbers; nothing: of any sign
  std::vector<std::string_view> words_;    ///< that a text may be; empty: all
  bool approximate_ = false;               ///< whether a verdict may be APPROXIMATE

 private:
  template <typename T>
  void visit(T& value) {
    if constexpr (Record<T>) {
      begin_record();
      value.fields(*this);
      end_record();
    } else {
      at(value);
    }
  }
  template <typename T>
  void visit(std::optional<T>& value) {
    if (!at_optional(value.has_value())) {
      value.reset();
      return;
    }
    if (!value) value.emplace();
    visit(*value);
    end_optional();
  }
  template <typename T>
  void visit(std::vector<T>& list) {
    list.resize(begin_list(list.size()));
    for (std::size_t i = 0; i < list.size(); ++i) {
      begin_entry(i);
      visit(list[i]);
      end_entry();
    }
    end_list();
  }
  template <typename T>
  void visit(Named<T>& entries) {
    entries.resize(begin_named(entries.size()));
    for (std::size_t i = 0; i < entries.size(); ++i) {
      begin_named_entry(i, entries[i].first);
      visit(entries[i].second);
      end_entry();
    }
    end_list();
  }
};

/// A record of any type, which must outlive it.
class AnyRecord {
 public:
  template <Record T>
  AnyRecord(const T& record)  // NOLINT(google-explicit-constructor): stands for the record
      : visit([&record](Fields& f) { const_cast<T&>(record).fields(f); }) {}
  std::function<void(Fields&)> visit;
};

/// The record as JSON, its fields in their order.
Json to_json(const AnyRecord& record);
/// What JSON documents of such records look like: the subset of JSON Schema that schema.h lists.
Json json_schema(const AnyRecord& record);
/// Reads a document that keeps to the record's json_schema into its fields.
void read_fields(const Json& json, const AnyRecord& record);

/// The same as a new record.
template <Record T>
T from_json(const Json& json) {
  T record{};
  read_fields(json, record);
  return record;
}

}  // namespace assay
