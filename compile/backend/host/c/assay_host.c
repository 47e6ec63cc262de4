/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64

#include "assay_host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "assay_registers.h"

static assay_error fail(assay_message* message, assay_error error, const char* format, ...) {
  va_list arguments;
  if (!message) return error;
  va_start(arguments, format);
  vsnprintf(message->text, sizeof message->text, format, arguments);
  va_end(arguments);
  return error;
}

const char* assay_error_name(assay_error error) {
  static const char* const names[] = {
      "ASSAY_OK",           "ASSAY_ERROR_USAGE",  "ASSAY_ERROR_ACCESS",
      "ASSAY_ERROR_HASH",   "ASSAY_ERROR_STREAM", "ASSAY_ERROR_BUFFER",
      "ASSAY_ERROR_VALUE",  "ASSAY_ERROR_TIME",   "ASSAY_ERROR_HARDWARE",
      "ASSAY_ERROR_WEIGHTS"};
  const unsigned number = (unsigned)error;
  return number < sizeof names / sizeof *names ? names[number] : "no error of Assay's";
}

/* ---- Frames */

uint64_t assay_frame_values(const assay_stream* stream) { return stream->lanes * stream->beats; }
uint64_t assay_frame_bytes(const assay_stream* stream) {
  return stream->beats * stream->slot_bytes;
}

uint64_t assay_buffer_bytes(const assay_stream* stream, uint64_t frames) {
  const uint64_t word = stream->memory_bits / 8;
  return (frames * assay_frame_bytes(stream) + word - 1) / word * word;
}

/* Whether frames * assay_frame_bytes() is at most `bytes`, whatever the product. */
static int fits(const assay_stream* stream, uint64_t frames, size_t bytes) {
  return frames <= bytes / assay_frame_bytes(stream);
}

static assay_error require_room(const assay_stream* stream, uint64_t frames, size_t bytes,
                                assay_message* message) {
  if (fits(stream, frames, bytes)) return ASSAY_OK;
  return fail(message, ASSAY_ERROR_BUFFER,
              "the buffer of %s holds %llu bytes; %llu frames take %llu bytes each", stream->mover,
              (unsigned long long)bytes, (unsigned long long)frames,
              (unsigned long long)assay_frame_bytes(stream));
}

static int64_t lowest(const assay_stream* s) {
  if (s->is_bipolar) return -1;
  return s->is_signed ? -(int64_t)(((uint64_t)1 << (s->bits - 1)) - 1) - 1 : 0;
}

static int64_t highest(const assay_stream* s) {
  if (s->is_bipolar) return 1;
  return (int64_t)(((uint64_t)1 << (s->bits - (s->is_signed ? 1 : 0))) - 1);
}

static assay_error require_values(const assay_stream* s, const int64_t* values, uint64_t count,
                                  assay_message* message) {
  const int64_t low = lowest(s), high = highest(s);
  uint64_t i;
  for (i = 0; i < count; ++i) {
    if (values[i] < low || values[i] > high)
      return fail(message, ASSAY_ERROR_VALUE,
                  "'%s' is %s: values lie from %lld to %lld, not %lld (value %llu)", s->name,
                  s->dtype, (long long)low, (long long)high, (long long)values[i],
                  (unsigned long long)i);
    if (s->is_bipolar && values[i] == 0)
      return fail(message, ASSAY_ERROR_VALUE,
                  "'%s' is BIPOLAR: values are -1 and 1, not 0 (value %llu)", s->name,
                  (unsigned long long)i);
  }
  return ASSAY_OK;
}

/* Where the elements of a stream, in its order, lie among the network's values. */
typedef struct walk {
  const assay_stream* stream;
  uint64_t index[ASSAY_MOST_AXES], strides[ASSAY_MOST_AXES]; /* by the stream's axes */
  uint64_t at;
} walk;

static void begin_frame(walk* w, const assay_stream* stream) {
  uint64_t stride = 1;
  unsigned axis;
  memset(w, 0, sizeof *w);
  w->stream = stream;
  for (axis = stream->rank; axis-- > 0;) {
    w->strides[stream->perm[axis]] = stride;
    stride *= stream->shape[stream->perm[axis]];
  }
}

static uint64_t next_place(walk* w) {
  const uint64_t here = w->at;
  unsigned axis;
  for (axis = w->stream->rank; axis-- > 0;) {
    w->at += w->strides[axis];
    if (++w->index[axis] < w->stream->shape[axis]) break;
    w->at -= w->index[axis] * w->strides[axis];
    w->index[axis] = 0;
  }
  return here;
}

/* `bits` bits of a slot, from bit `at` on. */
static void put_bits(unsigned char* slot, uint64_t at, unsigned bits, uint64_t code) {
  while (bits > 0) {
    const unsigned first = (unsigned)(at % 8), room = 8 - first, taken = bits < room ? bits : room;
    const unsigned mask = (1U << taken) - 1;
    slot[at / 8] = (unsigned char)(slot[at / 8] | (((unsigned)code & mask) << first));
    code >>= taken;
    at += taken;
    bits -= taken;
  }
}

static uint64_t get_bits(const unsigned char* slot, uint64_t at, unsigned bits) {
  uint64_t code = 0;
  unsigned done = 0;
  while (done < bits) {
    const unsigned first = (unsigned)(at % 8), room = 8 - first,
                   taken = bits - done < room ? bits - done : room;
    code |= (uint64_t)(((unsigned)slot[at / 8] >> first) & ((1U << taken) - 1)) << done;
    at += taken;
    done += taken;
  }
  return code;
}

static int64_t value_of(const assay_stream* s, uint64_t code) {
  if (s->is_bipolar) return code ? 1 : -1;
  if (s->is_signed && code >> (s->bits - 1))
    return -(int64_t)((((uint64_t)2 << (s->bits - 1)) - 1) - code) - 1;
  return (int64_t)code;
}

assay_error assay_pack(const assay_stream* s, const int64_t* values, uint64_t frames, void* memory,
                       size_t memory_bytes, assay_message* message) {
  const uint64_t count = assay_frame_values(s);
  unsigned char* slot = memory;
  uint64_t frame, beat, lane;
  walk place;
  assay_error error = require_room(s, frames, memory_bytes, message);
  if (!error) error = require_values(s, values, frames * count, message);
  if (error) return error;
  for (frame = 0; frame < frames; ++frame, values += count) {
    begin_frame(&place, s);
    for (beat = 0; beat < s->beats; ++beat, slot += s->slot_bytes) {
      memset(slot, 0, (size_t)s->slot_bytes);
      for (lane = 0; lane < s->lanes; ++lane) {
        const int64_t value = values[next_place(&place)];
        put_bits(slot, lane * s->bits, s->bits, s->is_bipolar ? value > 0 : (uint64_t)value);
      }
    }
  }
  return ASSAY_OK;
}

assay_error assay_unpack(const assay_stream* s, const void* memory, size_t memory_bytes,
                         uint64_t frames, int64_t* values, assay_message* message) {
  const uint64_t count = assay_frame_values(s);
  const unsigned char* slot = memory;
  uint64_t frame, beat, lane;
  walk place;
  const assay_error error = require_room(s, frames, memory_bytes, message);
  if (error) return error;
  for (frame = 0; frame < frames; ++frame, values += count) {
    begin_frame(&place, s);
    for (beat = 0; beat < s->beats; ++beat, slot += s->slot_bytes)
      for (lane = 0; lane < s->lanes; ++lane)
        values[next_place(&place)] = value_of(s, get_bits(slot, lane * s->bits, s->bits));
  }
  return ASSAY_OK;
}

/* ---- Registers that are mapped */

static unsigned movers_of(const assay_description* d) { return d->inputs + d->outputs; }

/* The window of `path` from `from` on that holds so many bytes of registers. */
static assay_error map_window(assay_mapping* mapping, const char* path, uint64_t from,
                              uint64_t length, assay_message* message) {
  const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), offset = from % page;
  const size_t bytes = (size_t)((offset + length + page - 1) / page * page);
  const int file = open(path, O_RDWR | O_SYNC);
  void* window;
  if (file < 0)
    return fail(message, ASSAY_ERROR_ACCESS, "cannot open '%s': %s", path, strerror(errno));
  window = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, (off_t)(from - offset));
  if (window == MAP_FAILED)
    fail(message, ASSAY_ERROR_ACCESS, "cannot map '%s' at 0x%llx: %s", path,
         (unsigned long long)from, strerror(errno));
  close(file);
  if (window == MAP_FAILED) return ASSAY_ERROR_ACCESS;
  mapping->windows[mapping->count] = window;
  mapping->window_bytes[mapping->count] = bytes;
  mapping->offsets[mapping->count++] = (size_t)offset;
  return ASSAY_OK;
}

/* `paths`: one per mover, and one for run-time weights; null: `path` has all. */
static assay_error map_all(assay_mapping* mapping, const assay_description* d, const char* path,
                           const char* const* paths, assay_message* message) {
  assay_error error = ASSAY_OK;
  unsigned i;
  memset(mapping, 0, sizeof *mapping);
  if (movers_of(d) > ASSAY_MOST_MOVERS)
    return fail(message, ASSAY_ERROR_USAGE, "%u movers are more than ASSAY_MOST_MOVERS",
                movers_of(d));
  for (i = 0; i < movers_of(d) && !error; ++i)
    error = map_window(mapping, paths ? paths[i] : path, paths ? 0 : d->streams[i].address,
                       ASSAY_WINDOW_BYTES, message);
  if (!error && d->weights)
    error = map_window(mapping, paths ? paths[i] : path, paths ? 0 : d->weights->address,
                       d->weights->range, message);
  if (error) assay_unmap(mapping);
  return error;
}

assay_error assay_map_memory(assay_mapping* mapping, const assay_description* d, const char* path,
                             assay_message* message) {
  return map_all(mapping, d, path ? path : "/dev/mem", NULL, message);
}

assay_error assay_map_uio(assay_mapping* mapping, const assay_description* d,
                          const char* const* paths, assay_message* message) {
  return map_all(mapping, d, NULL, paths, message);
}

void assay_unmap(assay_mapping* mapping) {
  while (mapping->count > 0) {
    --mapping->count;
    munmap(mapping->windows[mapping->count], mapping->window_bytes[mapping->count]);
  }
}

static volatile uint32_t* mapped_register(const assay_mapping* mapping, unsigned mover,
                                          unsigned offset) {
  char* window = mapping->windows[mover];
  return (volatile uint32_t*)(void*)(window + mapping->offsets[mover] + offset);
}

static int read_mapped(void* context, unsigned mover, unsigned offset, uint32_t* value) {
  *value = *mapped_register(context, mover, offset);
  __sync_synchronize(); /* what memory holds is read after it */
  return 0;
}

static int write_mapped(void* context, unsigned mover, unsigned offset, uint32_t value) {
  __sync_synchronize(); /* what was written to memory is there before */
  *mapped_register(context, mover, offset) = value;
  return 0;
}

assay_access assay_mapped(assay_mapping* mapping) {
  assay_access access = {NULL, read_mapped, write_mapped, NULL, NULL};
  access.context = mapping;
  return access;
}

/* ---- A device */

static const assay_stream* stream_of(const assay_device* device, unsigned mover) {
  return &device->description->streams[mover];
}

/* Of a mover, or of the port behind them. */
static const char* port_name(const assay_device* device, unsigned port) {
  return port < movers_of(device->description) ? stream_of(device, port)->mover
                                               : "the port of run-time weights";
}

static assay_error read_register(assay_device* device, unsigned mover, unsigned offset,
                                 uint32_t* value) {
  if (device->access.read(device->access.context, mover, offset, value) == 0) return ASSAY_OK;
  return fail(&device->message, ASSAY_ERROR_ACCESS, "cannot read register 0x%02x of %s", offset,
              port_name(device, mover));
}

static assay_error write_register(assay_device* device, unsigned mover, unsigned offset,
                                  uint32_t value) {
  if (device->access.write(device->access.context, mover, offset, value) == 0) return ASSAY_OK;
  return fail(&device->message, ASSAY_ERROR_ACCESS, "cannot write register 0x%02x of %s", offset,
              port_name(device, mover));
}

static assay_error check_hash(assay_device* device, unsigned mover) {
  const char* expected = device->description->content_hash;
  char found[65];
  unsigned i;
  for (i = 0; i < 8; ++i) {
    uint32_t word;
    const assay_error error = read_register(device, mover, ASSAY_REGISTER_HASH_0 + 4 * i, &word);
    if (error) return error;
    snprintf(found + (size_t)8 * i, 9, "%08lx", (unsigned long)word);
  }
  if (strcmp(found, expected) == 0) return ASSAY_OK;
  return fail(&device->message, ASSAY_ERROR_HASH,
              "%s: the bitstream that is loaded was built from other RTL (%.12s...) than this "
              "program (%.12s...): load the "
              "one beside accelerator.h, or generate both anew",
              stream_of(device, mover)->mover, found, expected);
}

static assay_error check_number(assay_device* device, unsigned mover, unsigned offset,
                                const char* name, uint64_t expected) {
  uint32_t found;
  const assay_error error = read_register(device, mover, offset, &found);
  if (error || found == expected) return error;
  return fail(&device->message, ASSAY_ERROR_STREAM, "%s has %s %lu, accelerator.h says %llu",
              port_name(device, mover), name, (unsigned long)found, (unsigned long long)expected);
}

static assay_error check_mover(assay_device* device, unsigned mover) {
  const assay_stream* s = stream_of(device, mover);
  assay_error error = check_hash(device, mover);
  if (!error)
    error = check_number(device, mover, ASSAY_REGISTER_BEAT_BYTES, "beat_bytes", s->beat_bytes);
  if (!error)
    error = check_number(device, mover, ASSAY_REGISTER_FRAME_BEATS, "frame_beats", s->beats);
  if (!error)
    error = check_number(device, mover, ASSAY_REGISTER_MEMORY_BITS, "memory_bits", s->memory_bits);
  return error;
}

static assay_error check_weights(assay_device* device) {
  const assay_weights* w = device->description->weights;
  const unsigned port = movers_of(device->description);
  assay_error error = check_number(device, port, ASSAY_WEIGHTS_VERSION, "version", w->version);
  if (!error) error = check_number(device, port, ASSAY_WEIGHTS_WORDS, "words", w->words);
  return error;
}

assay_error assay_open(assay_device* device, const assay_description* description,
                       const assay_access* access) {
  assay_error error = ASSAY_OK;
  unsigned i;
  memset(device, 0, sizeof *device);
  device->description = description;
  device->access = *access;
  if (!access->read || !access->write || movers_of(description) > ASSAY_MOST_MOVERS)
    return fail(&device->message, ASSAY_ERROR_USAGE,
                "no functions to read and write registers, or more movers than %d",
                (int)ASSAY_MOST_MOVERS);
  for (i = 0; i < movers_of(description) && !error; ++i) error = check_mover(device, i);
  if (!error && description->weights) error = check_weights(device);
  return error;
}

static assay_error no_such(assay_device* device, const char* what, unsigned number,
                           unsigned count) {
  return fail(&device->message, ASSAY_ERROR_USAGE, "there is no %s %u: '%s' has %u", what, number,
              device->description->network, count);
}

assay_error assay_set_buffer(assay_device* device, unsigned mover, assay_buffer buffer) {
  const unsigned movers = movers_of(device->description);
  if (mover >= movers) return no_such(device, "mover", mover, movers);
  if (buffer.address % (stream_of(device, mover)->memory_bits / 8) != 0)
    return fail(&device->message, ASSAY_ERROR_BUFFER,
                "the buffer of %s is at 0x%llx, no multiple of %u bytes",
                stream_of(device, mover)->mover, (unsigned long long)buffer.address,
                stream_of(device, mover)->memory_bits / 8);
  device->buffers[mover] = buffer;
  return ASSAY_OK;
}

/* Calls a function for caches, which may be missing. */
static assay_error settle(assay_device* device, unsigned mover,
                          int (*function)(void*, const assay_buffer*, size_t), uint64_t frames) {
  const size_t bytes = (size_t)(frames * assay_frame_bytes(stream_of(device, mover)));
  if (!function || function(device->access.context, &device->buffers[mover], bytes) == 0)
    return ASSAY_OK;
  return fail(&device->message, ASSAY_ERROR_ACCESS, "cannot settle the buffer of %s with memory",
              stream_of(device, mover)->mover);
}

assay_error assay_load(assay_device* device, unsigned input, const int64_t* values,
                       uint64_t frames) {
  assay_error error;
  if (input >= device->description->inputs)
    return no_such(device, "input", input, device->description->inputs);
  error = assay_pack(stream_of(device, input), values, frames, device->buffers[input].memory,
                     device->buffers[input].bytes, &device->message);
  return error ? error : settle(device, input, device->access.flush, frames);
}

static assay_error require_buffers(assay_device* device, uint64_t frames) {
  unsigned i;
  for (i = 0; i < movers_of(device->description); ++i) {
    const assay_error error =
        require_room(stream_of(device, i), frames, device->buffers[i].bytes, &device->message);
    if (error) return error;
  }
  if (frames <= UINT32_MAX) return ASSAY_OK;
  return fail(&device->message, ASSAY_ERROR_USAGE, "%llu frames are more than a mover counts",
              (unsigned long long)frames);
}

static assay_error start_mover(assay_device* device, unsigned mover, uint64_t frames) {
  const uint64_t address = device->buffers[mover].address;
  assay_error error = write_register(device, mover, ASSAY_REGISTER_BASE_LOW, (uint32_t)address);
  if (!error)
    error = write_register(device, mover, ASSAY_REGISTER_BASE_HIGH, (uint32_t)(address >> 32));
  if (!error) error = write_register(device, mover, ASSAY_REGISTER_FRAMES, (uint32_t)frames);
  if (!error)
    error = write_register(device, mover, ASSAY_REGISTER_CONTROL, ASSAY_BIT_CONTROL_START);
  return error;
}

/* The done of a transfer that still runs would be taken for that of the new one. */
static assay_error require_idle(assay_device* device) {
  unsigned i;
  for (i = 0; i < movers_of(device->description); ++i) {
    uint32_t control = 0;
    const assay_error error = read_register(device, i, ASSAY_REGISTER_CONTROL, &control);
    if (error) return error;
    if (!(control & ASSAY_BIT_CONTROL_IDLE))
      return fail(&device->message, ASSAY_ERROR_TIME,
                  "%s still moves an earlier batch, which was not waited for",
                  stream_of(device, i)->mover);
  }
  return ASSAY_OK;
}

assay_error assay_start(assay_device* device, uint64_t frames) {
  unsigned i;
  assay_error error = require_buffers(device, frames);
  if (!error) error = require_idle(device);
  for (i = movers_of(device->description); i-- > 0 && !error;)
    error = start_mover(device, i, frames);
  return error;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* Asks those that were not done; reading clears what they say. */
static assay_error ask(assay_device* device, unsigned char* done, unsigned* busy) {
  unsigned i;
  *busy = 0;
  for (i = 0; i < movers_of(device->description); ++i) {
    uint32_t control = 0;
    assay_error error;
    if (done[i]) continue;
    error = read_register(device, i, ASSAY_REGISTER_CONTROL, &control);
    if (error) return error;
    done[i] = (control & ASSAY_BIT_CONTROL_DONE) != 0;
    *busy += !done[i];
  }
  return ASSAY_OK;
}

static assay_error not_done(assay_device* device, const unsigned char* done, double seconds) {
  char names[200] = "";
  unsigned i;
  for (i = 0; i < movers_of(device->description); ++i)
    if (!done[i]) {
      const size_t used = strlen(names);
      snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "",
               stream_of(device, i)->mover);
    }
  return fail(&device->message, ASSAY_ERROR_TIME, "%s not done within %g s", names, seconds);
}

static assay_error check_errors(assay_device* device) {
  unsigned i, bit;
  for (i = 0; i < movers_of(device->description); ++i) {
    uint32_t bits;
    const assay_error error = read_register(device, i, ASSAY_REGISTER_ERROR, &bits);
    if (error) return error;
    for (bit = 0; bit < sizeof assay_mover_errors / sizeof *assay_mover_errors; ++bit)
      if (bits >> assay_mover_errors[bit].bit & 1)
        return fail(&device->message, ASSAY_ERROR_HARDWARE, "%s: %s: %s",
                    stream_of(device, i)->mover, assay_mover_errors[bit].name,
                    assay_mover_errors[bit].meaning);
  }
  return ASSAY_OK;
}

assay_error assay_wait(assay_device* device, double seconds) {
  unsigned char done[ASSAY_MOST_MOVERS] = {0};
  const double end = now() + seconds;
  unsigned busy;
  for (;;) {
    const int late = now() > end; /* who was done by then is asked once more */
    const assay_error error = ask(device, done, &busy);
    if (error) return error;
    if (busy == 0) return check_errors(device);
    if (late) return not_done(device, done, seconds);
  }
}

assay_error assay_fetch(assay_device* device, unsigned output, int64_t* values, uint64_t frames) {
  const unsigned mover = device->description->inputs + output;
  assay_error error;
  if (output >= device->description->outputs)
    return no_such(device, "output", output, device->description->outputs);
  error = require_room(stream_of(device, mover), frames, device->buffers[mover].bytes,
                       &device->message);
  if (!error) error = settle(device, mover, device->access.invalidate, frames);
  if (error) return error;
  return assay_unpack(stream_of(device, mover), device->buffers[mover].memory,
                      device->buffers[mover].bytes, frames, values, &device->message);
}

assay_error assay_cycles(assay_device* device, unsigned mover, uint64_t* cycles) {
  uint32_t low = 0, high = 0;
  assay_error error;
  if (mover >= movers_of(device->description))
    return no_such(device, "mover", mover, movers_of(device->description));
  error = read_register(device, mover, ASSAY_REGISTER_CYCLES_LOW, &low);
  if (!error) error = read_register(device, mover, ASSAY_REGISTER_CYCLES_HIGH, &high);
  *cycles = (uint64_t)high << 32 | low;
  return error;
}

/* ---- Run-time weights */

uint64_t assay_weight_words(const assay_description* d) {
  uint64_t words = 0;
  unsigned i;
  for (i = 0; d->weights && i < d->weights->count; ++i)
    words += d->weights->stores[i].words * d->weights->stores[i].columns;
  return words;
}

/* Where the words of all memories lie, one after the other. */
typedef struct weight_walk {
  const assay_store* store;
  uint64_t word, column;
  int turns;     /* pages: the bus reaches a part of the memories at once */
  uint64_t page; /* that is seen */
} weight_walk;

/* The word's offset on the port, with its page in sight. */
static assay_error weight_place(assay_device* device, weight_walk* w, unsigned* offset) {
  const uint64_t place = w->store->address + 4 * (w->word * w->store->stride + w->column);
  const uint64_t page = w->turns ? (place - ASSAY_WEIGHTS_WINDOW) / ASSAY_WEIGHTS_PAGE_BYTES : 0;
  *offset = (unsigned)(place - page * ASSAY_WEIGHTS_PAGE_BYTES);
  if (page == w->page) return ASSAY_OK;
  w->page = page;
  return write_register(device, movers_of(device->description), ASSAY_WEIGHTS_PAGE, (uint32_t)page);
}

static assay_error write_word(assay_device* device, weight_walk* at, uint32_t value) {
  unsigned offset = 0;
  const assay_error error = weight_place(device, at, &offset);
  return error ? error : write_register(device, movers_of(device->description), offset, value);
}

static assay_error read_word(assay_device* device, weight_walk* at, uint32_t* value) {
  unsigned offset = 0;
  const assay_error error = weight_place(device, at, &offset);
  return error ? error : read_register(device, movers_of(device->description), offset, value);
}

static void next_weight(weight_walk* w) {
  if (++w->column < w->store->columns) return;
  w->column = 0;
  if (++w->word < w->store->words) return;
  w->word = 0;
  ++w->store;
}

static weight_walk first_weight(const assay_device* device) {
  const assay_weights* weights = device->description->weights;
  weight_walk w = {NULL, 0, 0, 0, 0};
  w.store = weights->stores;
  w.turns = ASSAY_WEIGHTS_WINDOW + 4 * (uint64_t)weights->words > weights->range;
  if (w.turns) w.page = UINT64_MAX; /* whatever was seen last */
  return w;
}

static assay_error require_words(assay_device* device, size_t count) {
  const assay_description* d = device->description;
  if (!d->weights)
    return fail(&device->message, ASSAY_ERROR_WEIGHTS,
                "'%s' has no run-time weights: begin its run with --runtime-weights", d->network);
  if (count == assay_weight_words(d)) return ASSAY_OK;
  return fail(&device->message, ASSAY_ERROR_WEIGHTS,
              "%llu words were given; the memories of '%s' take %llu", (unsigned long long)count,
              d->network, (unsigned long long)assay_weight_words(d));
}

static assay_error release(assay_device* device) {
  return write_register(device, movers_of(device->description), ASSAY_WEIGHTS_HOLD, 0);
}

/* Between two frames; who cannot be held goes on. */
static assay_error hold(assay_device* device, double seconds) {
  const unsigned port = movers_of(device->description);
  const double end = now() + seconds;
  assay_error error = write_register(device, port, ASSAY_WEIGHTS_HOLD, 1);
  while (!error) {
    const int late = now() > end;
    uint32_t held = 0;
    error = read_register(device, port, ASSAY_WEIGHTS_HELD, &held);
    if (error || (held & 1)) return error;
    if (!late) continue;
    error = release(device);
    if (!error)
      return fail(&device->message, ASSAY_ERROR_TIME,
                  "the accelerator is not held within %g s: a frame has not left it; it goes on "
                  "with the weights that it has",
                  seconds);
  }
  return error;
}

static assay_error write_words(assay_device* device, const uint32_t* words, size_t count) {
  weight_walk at = first_weight(device);
  size_t i;
  for (i = 0; i < count; ++i, next_weight(&at)) {
    const assay_error error = write_word(device, &at, words[i]);
    if (error) return error;
  }
  return ASSAY_OK;
}

static assay_error compare_words(assay_device* device, const uint32_t* words, size_t count) {
  weight_walk at = first_weight(device);
  size_t i;
  for (i = 0; i < count; ++i, next_weight(&at)) {
    uint32_t found = 0;
    const assay_error error = read_word(device, &at, &found);
    if (error) return error;
    if (found != words[i])
      return fail(&device->message, ASSAY_ERROR_HARDWARE,
                  "%s of '%s', word %llu, column %llu: %08lx was written, %08lx read back; the "
                  "accelerator stays held, so that no frame sees it",
                  at.store->file, at.store->node, (unsigned long long)at.word,
                  (unsigned long long)at.column, (unsigned long)words[i], (unsigned long)found);
  }
  return ASSAY_OK;
}

assay_error assay_load_weights(assay_device* device, const char* content_hash,
                               const uint32_t* words, size_t count, double seconds) {
  const char* ours = device->description->content_hash;
  assay_error error = require_words(device, count);
  if (error) return error;
  if (strcmp(content_hash, ours) != 0)
    return fail(&device->message, ASSAY_ERROR_HASH,
                "these weights were packed for other RTL (%.12s...) than this accelerator's "
                "(%.12s...): pack them by 'assay weights' of the run that it was built from",
                content_hash, ours);
  error = hold(device, seconds);
  if (!error) error = write_words(device, words, count);
  if (!error) error = compare_words(device, words, count);
  return error ? error : release(device);
}

assay_error assay_read_weights(assay_device* device, uint32_t* words, size_t count,
                               double seconds) {
  weight_walk at;
  size_t i;
  assay_error error = require_words(device, count);
  if (!error) error = hold(device, seconds);
  if (error) return error;
  at = first_weight(device);
  for (i = 0; i < count && !error; ++i, next_weight(&at)) error = read_word(device, &at, &words[i]);
  return error ? error : release(device);
}
