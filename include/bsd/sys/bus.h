/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/bus.h - the types of bus_space(9) and bus_dma(9).
 *
 * A USB driver includes this, and its transfers' memory is usbdi's.  There is
 * no bus to read and write here, so there are no functions: a driver that has
 * to have them does not compile.
 */
#ifndef _SYS_BUS_H_
#define _SYS_BUS_H_

#include <sys/types.h>

typedef uint64_t	bus_addr_t;
typedef size_t		bus_size_t;
typedef struct bus_space_tag *bus_space_tag_t;
typedef uintptr_t	bus_space_handle_t;
typedef struct bus_dma_tag *bus_dma_tag_t;
typedef struct bus_dmamap *bus_dmamap_t;

#endif /* _SYS_BUS_H_ */
