package jobber

import (
	"slices"
)

// origin says through which form a client's record was saved: it decides whether a property's edit moves the client's stamp.
type origin string

const (
	byEditor   origin = "client"   // the client's own form or mutation: any change moves the stamp
	byProperty origin = "property" // a property's form or mutation: it does so only sometimes
)

// commitClientLocked saves a client and tells what changed; nothing if nothing did. before is nil for a new one.
func (s *Simulator) commitClientLocked(before, after *client, by origin) {
	if before == nil {
		after.Stamps = stamps{after.Created}
		s.state.Clients = append(s.state.Clients, after)
		s.indexLocked(after)
		s.tellLocked("CLIENT_CREATE", after.ID)
		for _, p := range after.Properties {
			s.tellLocked("PROPERTY_CREATE", p.ID)
		}
		s.TouchLocked()
		return
	}
	if same(before, after) {
		return
	}
	moved := s.tellPropertiesLocked(before, after)
	bump := by == byEditor || !moved || s.ChanceLocked(s.state.PropertyBumps)
	if bump {
		after.Stamps = after.Stamps.add(s.stampLocked())
		s.tellLocked("CLIENT_UPDATE", after.ID)
	}
	at := slices.Index(s.state.Clients, before)
	s.state.Clients[at] = after
	s.indexLocked(after)
	s.TouchLocked()
}

// tellPropertiesLocked tells the properties that came, changed or went, and reports whether any did.
func (s *Simulator) tellPropertiesLocked(before, after *client) bool {
	find := func(c *client, id string) *property {
		for _, p := range c.Properties {
			if p.ID == id {
				return p
			}
		}
		return nil
	}
	told := false
	for _, p := range after.Properties {
		switch old := find(before, p.ID); {
		case old == nil:
			s.tellLocked("PROPERTY_CREATE", p.ID)
		case !same(old, p):
			s.tellLocked("PROPERTY_UPDATE", p.ID)
		default:
			continue
		}
		told = true
	}
	for _, p := range before.Properties {
		if find(after, p.ID) == nil {
			s.tellLocked("PROPERTY_DESTROY", p.ID)
			told = true
		}
	}
	return told
}

// commitJobLocked saves a job and tells of it; nothing if nothing changed. before is nil for a new one.
func (s *Simulator) commitJobLocked(before, after *job) {
	switch {
	case before == nil:
		s.state.LastJob++
		after.Number = s.state.LastJob
		after.Stamps = stamps{after.Created}
		s.state.Jobs = append(s.state.Jobs, after)
		s.jobs[after.ID] = after
		s.tellLocked("JOB_CREATE", after.ID)
	case same(before, after):
		return
	default:
		after.Stamps = after.Stamps.add(s.stampLocked())
		s.state.Jobs[slices.Index(s.state.Jobs, before)] = after
		s.jobs[after.ID] = after
		s.tellLocked("JOB_UPDATE", after.ID)
		if after.Closed && !before.Closed {
			s.tellLocked("JOB_CLOSED", after.ID)
		}
	}
	s.TouchLocked()
}

// destroyClientLocked removes a client for good: only a merge does.
func (s *Simulator) destroyClientLocked(c *client) {
	s.state.Clients = slices.DeleteFunc(s.state.Clients, func(d *client) bool { return d == c })
	delete(s.clients, c.ID)
	s.tellLocked("CLIENT_DESTROY", c.ID)
	s.TouchLocked()
}

func (s *Simulator) destroyJobLocked(j *job) {
	s.state.Jobs = slices.DeleteFunc(s.state.Jobs, func(d *job) bool { return d == j })
	delete(s.jobs, j.ID)
	s.tellLocked("JOB_DESTROY", j.ID)
	s.TouchLocked()
}
