package io.catena.harness.smapiv1;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import io.catena.harness.tool.PlantedChain;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** XAPI's database is told what each base copy builds on, however long its chain is. */
class BaseCopyRowsTest extends DriverTest {
    private static final int LENGTH = 250;

    @BeforeEach
    void beQuick() {
        takeShortCuts();
    }

    @Test
    void eachBaseCopyIsKnownWithItsParent() throws IOException {
        createSr();
        PlantedChain chain = new PlantedChain(1, LENGTH).plant(srDirectory());

        nil(driver.sr("sr_scan"));

        Map<String, XmlRpcValue> rows = rows();
        assertThat(rows).hasSize(LENGTH);
        assertThat(smConfig(chain.id(0).toString())).doesNotContainKey("vhd-parent");
        for (int i = 1; i < LENGTH; i++) {
            assertThat(smConfig(chain.id(i).toString()))
                    .containsEntry("vhd-parent", chain.id(i - 1).toString());
        }
    }
}
