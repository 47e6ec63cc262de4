/* SPDX-License-Identifier: Apache-2.0 */
/* Runs an accelerator that Assay generated, from C99 or C++: no dependencies besides the C library, and mmap for
 * registers that are mapped. accelerator.h, beside this file, describes the accelerator;
 * docs/zynq.md of Assay tells of it.
 *
 * Nothing here allocates. Memory that the movers read and write is the caller's: physically contiguous, known by its
 * address as the movers see it and by a pointer. What is given stays alive while a device uses it. */
#ifndef ASSAY_HOST_H
#define ASSAY_HOST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { ASSAY_MOST_AXES = 8, ASSAY_MOST_MOVERS = 32, ASSAY_WINDOW_BYTES = 0x80 };

typedef enum assay_error {
  ASSAY_OK = 0,
  ASSAY_ERROR_USAGE,    /* arguments that cannot be: a mover, input or output that is not there */
  ASSAY_ERROR_ACCESS,   /* registers or memory cannot be reached */
  ASSAY_ERROR_HASH,     /* the bitstream was built from other RTL, or weights were packed for it */
  ASSAY_ERROR_STREAM,   /* a mover has other beats, frames or memory than the description says */
  ASSAY_ERROR_BUFFER,   /* a buffer that is missing, too short or not aligned */
  ASSAY_ERROR_VALUE,    /* a value that the stream's data type does not have */
  ASSAY_ERROR_TIME,     /* a transfer that does not end, or an accelerator that is not held */
  ASSAY_ERROR_HARDWARE, /* a mover reports an error, or a word of weights reads back otherwise */
  ASSAY_ERROR_WEIGHTS   /* run-time weights that are not this accelerator's, or it has none */
} assay_error;

/* "ASSAY_ERROR_HASH" */
const char* assay_error_name(assay_error error);

/* What went wrong, in words; untouched where nothing did. */
typedef struct assay_message {
  char text[400];
} assay_message;

/* A stream at the edge of the accelerator, and its mover. */
typedef struct assay_stream {
  const char* name;   /* of the value, as the model calls it */
  const char* tensor; /* of the graph's input or output */
  const char* mover;  /* "idma0" */
  uint64_t address;   /* of the mover's registers */
  unsigned memory_bits;
  const char* dtype; /* "UINT8" */
  unsigned bits;     /* of an element, at most 63; 64 where it is signed */
  int is_signed;
  int is_bipolar; /* values are -1 and 1, their bits 0 and 1 */
  unsigned rank;
  uint64_t
      shape[ASSAY_MOST_AXES]; /* of a frame in the stream's order of axes, with the batch of 1 */
  unsigned perm[ASSAY_MOST_AXES]; /* axis i of the network is axis perm[i] here */
  uint64_t lanes;                 /* elements of a beat, lane 0 in the lowest bits */
  uint64_t beats;                 /* of a frame */
  uint64_t beat_bytes;            /* of the stream */
  uint64_t slot_bytes;            /* that a beat takes in memory; what it leaves is zero */
  int constant;                   /* weights of a layer, every frame the same, as bytes of beats */
} assay_stream;

/* A memory of run-time weights: its word w has its 32 bits number c at address + 4 * (w * stride + c); behind a bus of less
 * range so many pages lower as the register `page` says. */
typedef struct assay_store {
  const char* node;                /* the layer */
  const char* file;                /* of its contents at the start */
  uint64_t address;                /* behind the port's own */
  uint64_t words, columns, stride; /* columns: 32 bits of a word */
} assay_store;

/* The port to run-time weights. */
typedef struct assay_weights {
  uint64_t address, range; /* of registers and memories, or of what the bus reaches of them */
  uint32_t version, words; /* as the registers tell */
  unsigned count;
  const assay_store* stores;
} assay_weights;

typedef struct assay_description {
  const char* network;
  const char* content_hash; /* SHA-256 of the RTL, 64 hexadecimal digits */
  double clock_mhz;
  unsigned inputs, outputs;
  const assay_stream* streams;  /* inputs, then outputs; so are movers numbered */
  const assay_weights* weights; /* null: none */
} assay_description;

/* ---- Frames as values and as bytes. Values are in the network's order of axes, frame after frame. */

uint64_t assay_frame_values(const assay_stream* stream);
uint64_t assay_frame_bytes(const assay_stream* stream);
/* Of a buffer for so many frames: whole words of memory. */
uint64_t assay_buffer_bytes(const assay_stream* stream, uint64_t frames);
/* ASSAY_ERROR_VALUE, ASSAY_ERROR_BUFFER: then nothing is written. `message` may be null. */
assay_error assay_pack(const assay_stream* stream, const int64_t* values, uint64_t frames,
                       void* memory, size_t memory_bytes, assay_message* message);
assay_error assay_unpack(const assay_stream* stream, const void* memory, size_t memory_bytes,
                         uint64_t frames, int64_t* values, assay_message* message);

/* ---- Access to a device: any, a simulated one too. */

typedef struct assay_buffer {
  void* memory;
  uint64_t address; /* of the same bytes, as the movers see them */
  size_t bytes;
} assay_buffer;

/* Functions get `context`, and give 0 where they did it. Null: nothing is to do. Registers and memories of run-time
 * weights are behind the number that follows the movers'. */
typedef struct assay_access {
  void* context;
  int (*read)(void* context, unsigned mover, unsigned offset, uint32_t* value);
  int (*write)(void* context, unsigned mover, unsigned offset, uint32_t value);
  int (*flush)(void* context, const assay_buffer* buffer,
               size_t bytes); /* to memory, before a mover reads */
  int (*invalidate)(void* context, const assay_buffer* buffer,
                    size_t bytes); /* before the program reads */
} assay_access;

/* Registers that are mapped into the program. */
typedef struct assay_mapping {
  void* windows[ASSAY_MOST_MOVERS + 1];
  size_t window_bytes[ASSAY_MOST_MOVERS + 1];
  size_t offsets[ASSAY_MOST_MOVERS + 1]; /* of the registers in their window */
  unsigned count;                        /* of the movers', and of run-time weights' */
} assay_mapping;

/* All movers' through one device, /dev/mem where `path` is null. */
assay_error assay_map_memory(assay_mapping* mapping, const assay_description* description,
                             const char* path, assay_message* message);
/* A UIO device per mover, "/dev/uio0", inputs first; behind them one for run-time weights. */
assay_error assay_map_uio(assay_mapping* mapping, const assay_description* description,
                          const char* const* paths, assay_message* message);
void assay_unmap(assay_mapping* mapping);
/* The table of functions over it. Buffers are taken to be uncached, or coherent: fill in flush and invalidate where
 * they are not. */
assay_access assay_mapped(assay_mapping* mapping);

/* ---- A device. */

typedef struct assay_device {
  const assay_description* description;
  assay_access access;
  assay_buffer buffers[ASSAY_MOST_MOVERS];
  assay_message message; /* of the last error */
} assay_device;

/* Holds the hash of the RTL, the bytes of a beat, the beats of a frame and the width of the memory that every mover
 * tells against the description. */
assay_error assay_open(assay_device* device, const assay_description* description,
                       const assay_access* access);
/* The memory that a mover moves to or from; aligned to its words. */
assay_error assay_set_buffer(assay_device* device, unsigned mover, assay_buffer buffer);
/* Packs frames into the buffer of an input. */
assay_error assay_load(assay_device* device, unsigned input, const int64_t* values,
                       uint64_t frames);
/* Starts all movers, outputs first; more frames than a buffer holds start nothing. */
assay_error assay_start(assay_device* device, uint64_t frames);
/* Until all are done, or the limit is over: then who is not is named. */
assay_error assay_wait(assay_device* device, double seconds);
/* Unpacks the frames that lie in the buffer of an output. */
assay_error assay_fetch(assay_device* device, unsigned output, int64_t* values, uint64_t frames);
/* From the last start of a mover to its end. */
assay_error assay_cycles(assay_device* device, unsigned mover, uint64_t* cycles);

/* ---- Run-time weights. The accelerator is held between two frames, within the limit or not at all. */

/* Words of 32 bits of all memories, as weights.npy of `assay weights` has them. */
uint64_t assay_weight_words(const assay_description* description);
/* Weights of another training from the next frame on. `content_hash` is the one of weights.json. Hash and number are
 * checked before anything is written, and every word is read back: where one differs the accelerator stays held, so
 * that no frame sees it. What its integers mean is the training's. */
assay_error assay_load_weights(assay_device* device, const char* content_hash,
                               const uint32_t* words, size_t count, double seconds);
assay_error assay_read_weights(assay_device* device, uint32_t* words, size_t count, double seconds);

#ifdef __cplusplus
}
#endif
#endif
