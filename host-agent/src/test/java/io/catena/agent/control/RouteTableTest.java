package io.catena.agent.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Which route a path has. */
class RouteTableTest {
    private static final Route VARIABLE = Route.get("content", "/v1/vdis/{vdi}/content", call -> "");
    private static final Route WRITTEN_OUT = Route.get("named", "/v1/vdis/by-name/{name}", call -> "");

    @Test
    void aPartThatIsWrittenOutGoesBeforeAVariable() {
        for (List<Route> routes : List.of(List.of(VARIABLE, WRITTEN_OUT), List.of(WRITTEN_OUT, VARIABLE))) {
            RouteTable table = new RouteTable(routes);

            assertThat(table.find("GET", "/v1/vdis/by-name/content").orElseThrow())
                    .isEqualTo(new RouteTable.Match(WRITTEN_OUT, List.of("content")));
            assertThat(table.find("GET", "/v1/vdis/other/content").orElseThrow())
                    .isEqualTo(new RouteTable.Match(VARIABLE, List.of("other")));
        }
    }
}
